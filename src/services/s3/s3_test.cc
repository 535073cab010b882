// What no client can see: that an object's making tells its event in the same commit, that several are published together or
// not at all, and that no bytes stay behind when the last object that has them is gone, whichever way they came and went.
#include "services/s3/s3.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/json.h"
#include "door/accounts.h"
#include "door/audit.h"
#include "door/door.h"
#include "gen/s3/handlers.h"
#include "os/temporary.h"
#include "store/timers.h"

namespace tarn::s3 {
namespace {

constexpr const char* kAccount = "123456789012";
constexpr const char* kKinds[] = {"s3:ObjectCreated:Put", "s3:ObjectCreated:Copy",
                                  "s3:ObjectCreated:CompleteMultipartUpload", "s3:ObjectRemoved:Delete"};

// Asked only of users and roles; the root is neither.
class NoIdentities final : public Identities {
 public:
  Result<std::optional<AccessKey>> access_key(Transaction&, std::string_view) override { return std::nullopt; }
  Result<std::optional<AttachedPolicies>> policies(Transaction&, const Principal&) override { return std::nullopt; }
  Result<std::optional<RoleFacts>> role(Transaction&, std::string_view) override { return std::nullopt; }
};

class S3Test : public testing::Test {
 protected:
  void SetUp() override {
    store_ = std::move(Store::open(directory_.path() + "/data").value());
    blobs_ = std::move(Blobs::open(*store_).value());
    accounts_ = Accounts::load(directory_.path(), {{.account = kAccount}}).value();
    outbox_ = std::make_unique<Outbox>(*store_, clock_);
    for (const std::string kind : kKinds) {
      outbox_->match(kind, [this](Transaction&, const Event& event) -> Result<std::vector<NewDelivery>> {
        told_.emplace_back(event.kind, Json::parse(event.payload).value());
        return std::vector<NewDelivery>{};
      });
      EXPECT_TRUE(
          store_->run([&](Transaction& tx) { return outbox_->subscribe(tx, kind, kAccount, "us-east-1", "test"); }));
    }
    timers_ = std::make_unique<Timers>(*store_, clock_);
    audit_ = std::make_unique<Audit>(*store_);
    s3_ = std::make_unique<S3>(*blobs_);
    door_ = std::make_unique<Door>(Door::Parts{.store = *store_,
                                               .blobs = *blobs_,
                                               .clock = clock_,
                                               .outbox = *outbox_,
                                               .timers = *timers_,
                                               .accounts = accounts_,
                                               .sessions = sessions_,
                                               .audit = *audit_});
    door_->set_identities(identities_);
    door_->add(kTable, s3_.get());
    caller_.principal = {.kind = Principal::Kind::kRoot, .account = kAccount, .arn = "arn:aws:iam::123456789012:root"};
    ASSERT_TRUE(door_->call(caller_, CreateBucketRequest{.bucket = "bucket"}));
  }

  template <class In>
  auto call(const In& in) {
    return door_->call(caller_, in);
  }
  StagedBody staged(const std::string& bytes) { return blobs_->stage(bytes).value(); }
  auto put(const std::string& key, const std::string& bytes) {
    return door_->call(caller_, PutObjectRequest{.bucket = "bucket", .key = key}, staged(bytes));
  }
  auto copy(const std::string& from, const std::string& to) {
    return call(CopyObjectRequest{.bucket = "bucket", .copy_source = "bucket/" + from, .key = to});
  }
  auto erase(const std::string& key) { return call(DeleteObjectRequest{.bucket = "bucket", .key = key}); }
  std::string read(const std::string& key) {
    const auto got = door_->call_body_out(caller_, GetObjectRequest{.bucket = "bucket", .key = key});
    if (!got) return got.error().code;
    std::string bytes(got->body.length, '\0');
    if (got->body.body) bytes.resize(got->body.body->read(got->body.offset, bytes).value());
    return bytes;
  }
  // An upload of two parts; completed by `end`, or left.
  std::string upload(const std::string& key, const std::string& first, const std::string& second) {
    const std::string id = *call(CreateMultipartUploadRequest{.bucket = "bucket", .key = key})->upload_id;
    for (const auto& [number, bytes] :
         {std::pair(1, first), std::pair(2, second), std::pair(2, second), std::pair(3, first)}) {
      const UploadPartRequest part{.bucket = "bucket", .key = key, .part_number = number, .upload_id = id};
      EXPECT_TRUE(door_->call(caller_, part, staged(bytes)));
    }
    return id;
  }
  bool complete(const std::string& key, const std::string& id) {
    CompleteMultipartUploadRequest in{.bucket = "bucket", .key = key, .upload_id = id};
    in.multipart_upload = CompletedMultipartUpload{};
    for (const int number : {1, 2}) {
      const auto parts = call(ListPartsRequest{.bucket = "bucket", .key = key, .upload_id = id});
      in.multipart_upload->parts.push_back({.e_tag = parts->parts[number - 1].e_tag, .part_number = number});
    }
    return call(in).has_value();
  }
  // Pieces of bytes that are still kept: in the store, and as files.
  size_t kept() {
    blobs_->settle();
    size_t count = 0;
    const auto tx = store_->read();
    for (RawCursor at = tx->cursor_bytes(Family::kBytes, ""); at.valid(); at.next()) ++count;
    return count + files_below(directory_.path() + "/data/blobs");
  }
  size_t files_below(const std::string& path) {
    size_t count = 0;
    const auto names = list_directory(path);
    if (!names) return 0;
    for (const std::string& name : *names)
      count += is_directory(path + "/" + name) ? files_below(path + "/" + name) : 1;
    return count;
  }
  std::vector<std::pair<std::string, Json>> told() {
    EXPECT_TRUE(outbox_->start());
    DueSource* sources[] = {outbox_.get()};
    EXPECT_TRUE(advance(*store_, clock_, clock_.now(), sources, 20 * kSecond));
    outbox_->stop();
    return told_;
  }

  TemporaryDirectory directory_;
  VirtualClock clock_{Time::of_seconds(1'700'000'000)};
  Sessions sessions_{std::string(32, 'k')};
  NoIdentities identities_;
  std::vector<std::pair<std::string, Json>> told_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Blobs> blobs_;
  Accounts accounts_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Timers> timers_;
  std::unique_ptr<Audit> audit_;
  std::unique_ptr<S3> s3_;
  std::unique_ptr<Door> door_;
  Caller caller_;
};

const std::string kSmall = "small";
const std::string kLarge(300'000, 'l');

TEST_F(S3Test, objects_tell_their_events) {
  ASSERT_TRUE(put("a b", kSmall));
  ASSERT_TRUE(copy("a b", "c"));
  ASSERT_FALSE(copy("none", "d"));  // refused: nothing to tell
  ASSERT_TRUE(erase("c"));
  ASSERT_TRUE(erase("c"));  // was not there: nothing to tell
  ASSERT_TRUE(complete("m", upload("m", std::string(5 << 20, 'x'), "y")));

  const auto events = told();
  ASSERT_EQ(events.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    const std::vector<size_t> order = {0, 1, 3, 2};
    EXPECT_EQ(events[i].first, kKinds[order[i]]);
    EXPECT_EQ(events[i].second["bucket"].as_string(), "bucket");
    if (i == 0) continue;
    EXPECT_LT(events[i - 1].second["sequencer"].as_string(), events[i].second["sequencer"].as_string());
  }
  EXPECT_EQ(events[0].second["key"].as_string(), "a b");
  EXPECT_EQ(events[0].second["size"].as_int(), 5);
  EXPECT_EQ(events[0].second["eTag"].as_string(), "eb5c1399a871211c7e7ed732d15e3a8b");
  EXPECT_EQ(events[2].second.find("size"), nullptr);
  EXPECT_EQ(events[3].second["size"].as_int(), (5 << 20) + 1);
}

TEST_F(S3Test, several_objects_are_published_together_or_not_at_all) {
  const PutObjectRequest first{.bucket = "bucket", .key = "first"}, second{.bucket = "bucket", .key = "second"};
  const PutObjectRequest nowhere{.bucket = "none", .key = "third"};
  const StagedBody bodies[] = {staged(kSmall), staged(kLarge), staged(kLarge)};
  const wire::Operation& operation = wire::OperationOf<PutObjectRequest>::operation();

  EXPECT_FALSE(
      door_->execute_together(caller_, {{&operation, &first, &bodies[0]}, {&operation, &nowhere, &bodies[2]}}).result);
  EXPECT_EQ(read("first"), "NoSuchKey");
  EXPECT_TRUE(
      door_->execute_together(caller_, {{&operation, &first, &bodies[0]}, {&operation, &second, &bodies[1]}}).result);
  EXPECT_EQ(read("first"), kSmall);
  EXPECT_EQ(read("second"), kLarge);
}

TEST_F(S3Test, no_bytes_are_left_behind) {
  for (const std::string& bytes : {kSmall, kLarge}) {
    ASSERT_TRUE(put("a", bytes));
    ASSERT_TRUE(put("a", bytes + "2"));  // in its place
    ASSERT_TRUE(copy("a", "b"));
    ASSERT_TRUE(copy("b", "c"));
    ASSERT_TRUE(erase("a"));
    EXPECT_EQ(kept(), 1u);
    EXPECT_EQ(read("c"), bytes + "2");
    ASSERT_TRUE(call(
        CopyObjectRequest{.bucket = "bucket", .copy_source = "bucket/c", .key = "c", .metadata_directive = "REPLACE"}));
    EXPECT_EQ(read("c"), bytes + "2");
    ASSERT_TRUE(erase("b"));
    ASSERT_TRUE(erase("c"));
    EXPECT_EQ(kept(), 0u);
  }
}

TEST_F(S3Test, no_parts_are_left_behind) {
  const std::string part(5 << 20, 'p');
  const std::string id = upload("m", part, kLarge);
  ASSERT_TRUE(complete("m", id));  // part 3 was left out, part 2 was sent twice
  EXPECT_EQ(kept(), 2u);
  EXPECT_EQ(read("m"), part + kLarge);

  const std::string second = *call(CreateMultipartUploadRequest{.bucket = "bucket", .key = "n"})->upload_id;
  const auto copied = call(UploadPartCopyRequest{.bucket = "bucket",
                                                 .copy_source = "bucket/m",
                                                 .copy_source_range = "bytes=5242870-5242890",
                                                 .key = "n",
                                                 .part_number = 1,
                                                 .upload_id = second});
  ASSERT_TRUE(copied);
  ASSERT_TRUE(erase("m"));
  EXPECT_EQ(kept(), 2u);  // the copied part lies on the border of the two
  ASSERT_TRUE(call(AbortMultipartUploadRequest{.bucket = "bucket", .key = "n", .upload_id = second}));
  EXPECT_EQ(kept(), 0u);

  upload("left", kSmall, kLarge);
  ASSERT_TRUE(call(DeleteBucketRequest{.bucket = "bucket"}));  // takes unfinished uploads along
  EXPECT_EQ(kept(), 0u);
}

TEST_F(S3Test, nothing_is_left_of_a_bucket_deleted_while_it_is_filled) {
  std::atomic<int> made = 0, deleted = 0;
  const auto fill = [&](const std::string& stem) {
    for (int i = 0; i < 60; ++i) {
      const std::string key = stem + std::to_string(i);
      call(CreateBucketRequest{.bucket = "bucket"});
      if (put(key, kSmall)) ++made;
      call(CreateMultipartUploadRequest{.bucket = "bucket", .key = key});
      erase(key);
    }
  };
  const auto clear = [&] {
    for (int i = 0; i < 200; ++i)
      if (call(DeleteBucketRequest{.bucket = "bucket"})) ++deleted;
  };
  {
    std::jthread a(fill, "a"), b(fill, "b"), c(clear);
  }
  EXPECT_GT(made, 0);
  EXPECT_GT(deleted, 0);

  const auto tx = store_->read();
  const auto bucket = tx->get(kBuckets, {"bucket"}).value();
  const uint64_t id = bucket ? bucket->id : 0;
  const auto objects = tx->scan(kObjects).value();
  const auto uploads = tx->scan(kUploads).value();
  for (const auto& [key, record] : objects.entries) EXPECT_EQ(key.bucket, id) << key.key;
  for (const auto& [key, record] : uploads.entries) EXPECT_EQ(key.bucket, id) << key.key;
}

}  // namespace
}  // namespace tarn::s3
