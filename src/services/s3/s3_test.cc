// What no client can see: that an object's making tells its event in the same commit, that several are published together or
// not at all, and that no bytes stay behind when the last object that has them is gone, whichever way they came and went.
#include "services/s3/s3.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/json.h"
#include "door/testing_door.h"
#include "gen/s3/handlers.h"

namespace tarn::s3 {
namespace {

constexpr const char* kCreated = "aws.s3:Object Created";
constexpr const char* kDeleted = "aws.s3:Object Deleted";

class S3Test : public testing::Test {
 protected:
  S3Test() {
    at_.door.add(kTable, &s3_);
    for (const char* kind : {kCreated, kDeleted}) at_.listen(kind);
    at_.door.call(at_.caller, CreateBucketRequest{.bucket = "bucket"}).value();
    PutBucketNotificationConfigurationRequest in{.bucket = "bucket"};
    in.notification_configuration = NotificationConfiguration{.event_bridge_configuration = EventBridgeConfiguration{}};
    at_.door.call(at_.caller, in).value();
  }

  template <class In>
  auto call(const In& in) {
    return at_.door.call(at_.caller, in);
  }
  StagedBody staged(const std::string& bytes) { return at_.blobs->stage(bytes).value(); }
  auto put(const std::string& key, const std::string& bytes) {
    return at_.door.call(at_.caller, PutObjectRequest{.bucket = "bucket", .key = key}, staged(bytes));
  }
  auto copy(const std::string& from, const std::string& to) {
    return call(CopyObjectRequest{.bucket = "bucket", .copy_source = "bucket/" + from, .key = to});
  }
  auto erase(const std::string& key) { return call(DeleteObjectRequest{.bucket = "bucket", .key = key}); }
  std::string read(const std::string& key) {
    const auto got = at_.door.call_body_out(at_.caller, GetObjectRequest{.bucket = "bucket", .key = key});
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
      EXPECT_TRUE(at_.door.call(at_.caller, part, staged(bytes)));
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
    at_.blobs->settle();
    size_t count = 0;
    const auto tx = at_.store->read();
    for (RawCursor at = tx->cursor_bytes(Family::kBytes, ""); at.valid(); at.next()) ++count;
    return count + files_below(at_.directory.path() + "/data/blobs");
  }
  size_t files_below(const std::string& path) {
    size_t count = 0;
    const auto names = list_directory(path);
    if (!names) return 0;
    for (const std::string& name : *names)
      count += is_directory(path + "/" + name) ? files_below(path + "/" + name) : 1;
    return count;
  }

  TestingDoor at_;
  S3 s3_{*at_.blobs};
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

  const auto events = at_.told();
  ASSERT_EQ(events.size(), 4u);
  const auto detail = [&](size_t i) -> const Json& { return events[i].second["detail"]; };
  constexpr const char* kReasons[] = {"PutObject", "CopyObject", "DeleteObject", "CompleteMultipartUpload"};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(events[i].first, i == 2 ? kDeleted : kCreated);
    EXPECT_EQ(detail(i)["bucket"]["name"].as_string(), "bucket");
    EXPECT_EQ(detail(i)["reason"].as_string(), kReasons[i]);
    if (i == 0) continue;
    EXPECT_LT(detail(i - 1)["object"]["sequencer"].as_string(), detail(i)["object"]["sequencer"].as_string());
  }
  EXPECT_EQ(detail(0)["object"]["key"].as_string(), "a b");
  EXPECT_EQ(detail(0)["object"]["size"].as_int(), 5);
  EXPECT_EQ(detail(0)["object"]["etag"].as_string(), "eb5c1399a871211c7e7ed732d15e3a8b");
  EXPECT_EQ(detail(2)["object"].find("size"), nullptr);
  EXPECT_EQ(detail(2)["deletion-type"].as_string(), "Permanently Deleted");
  EXPECT_EQ(detail(3)["object"]["size"].as_int(), (5 << 20) + 1);
}

TEST_F(S3Test, several_objects_are_published_together_or_not_at_all) {
  const PutObjectRequest first{.bucket = "bucket", .key = "first"}, second{.bucket = "bucket", .key = "second"};
  const PutObjectRequest nowhere{.bucket = "none", .key = "third"};
  const StagedBody bodies[] = {staged(kSmall), staged(kLarge), staged(kLarge)};
  const wire::Operation& operation = wire::OperationOf<PutObjectRequest>::operation();

  EXPECT_FALSE(
      at_.door.execute_together(at_.caller, {{&operation, &first, &bodies[0]}, {&operation, &nowhere, &bodies[2]}})
          .result);
  EXPECT_EQ(read("first"), "NoSuchKey");
  EXPECT_TRUE(
      at_.door.execute_together(at_.caller, {{&operation, &first, &bodies[0]}, {&operation, &second, &bodies[1]}})
          .result);
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

  const auto tx = at_.store->read();
  const auto bucket = tx->get(kBuckets, {"bucket"}).value();
  const uint64_t id = bucket ? bucket->id : 0;
  const auto objects = tx->scan(kObjects).value();
  const auto uploads = tx->scan(kUploads).value();
  for (const auto& [key, record] : objects.entries) EXPECT_EQ(key.bucket, id) << key.key;
  for (const auto& [key, record] : uploads.entries) EXPECT_EQ(key.bucket, id) << key.key;
}

}  // namespace
}  // namespace tarn::s3
