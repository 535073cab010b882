// Object bytes must come back as they went in, stay as long as anything refers to or reads them, and no longer.
#include "blob/blobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/text.h"
#include "blob/backup.h"
#include "blob/state.h"
#include "os/file.h"
#include "os/temporary.h"

namespace tarn {
namespace {

struct ObjectKey {
  std::string name;
  static void fields(auto& self, auto&& visit) { visit(self.name); }
};
struct Object {
  std::vector<Segment> segments;
  static void fields(auto& self, auto&& visit) { visit(self.segments); }
};
constexpr Table<ObjectKey, Object> kObjects{"test.objects"};

std::string pattern(size_t n, uint32_t seed = 1) {
  std::string bytes(n, '\0');
  for (char& c : bytes) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

class BlobsTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open(StoreOptions options = {}) {
    close();
    store_ = std::move(Store::open(path(), std::move(options)).value());
    blobs_ = std::move(Blobs::open(*store_).value());
  }
  void close() {
    blobs_.reset();
    store_.reset();
  }
  std::string path() const { return directory_.path() + "/data"; }

  void put(const std::string& name, const std::string& bytes) {
    const StagedBody body = blobs_->stage(bytes).value();
    const auto done = store_->run([&](Transaction& tx) -> Status {
      TRY(blobs_->adopt(tx, body));
      return tx.put(kObjects, {name}, {body.segments()});
    });
    ASSERT_TRUE(store_->wait_synced(done.value()));
  }
  void erase(const std::string& name) {
    const auto done = store_->run([&](Transaction& tx) -> Status {
      const auto object = TRY(tx.get(kObjects, {name}));
      TRY(blobs_->release(tx, object->segments));
      return tx.erase(kObjects, {name});
    });
    ASSERT_TRUE(store_->wait_synced(done.value()));
  }
  std::shared_ptr<const Body> body(const std::string& name) {
    const auto tx = store_->read();
    return blobs_->open_body(*tx, tx->get(kObjects, {name}).value()->segments).value();
  }
  static std::string read(const Body& body, uint64_t offset = 0, size_t length = SIZE_MAX) {
    std::string bytes(std::min<uint64_t>(length, body.size()), '\0');
    const auto got = body.read(offset, bytes);
    if (!got) return got.error().message;
    bytes.resize(*got);
    return bytes;
  }
  size_t files() const {
    size_t count = 0;
    const std::vector<std::string> directories = list_directory(path() + "/blobs").value();
    for (const std::string& name : directories) count += list_directory(path() + "/blobs/" + name)->size();
    return count;
  }
  // The only blob file there is.
  std::string only_file() const {
    const std::vector<std::string> directories = list_directory(path() + "/blobs").value();
    for (const std::string& name : directories) {
      const std::vector<std::string> inside = list_directory(path() + "/blobs/" + name).value();
      if (!inside.empty()) return path() + "/blobs/" + name + "/" + inside[0];
    }
    return {};
  }
  static SegmentLister lister() {
    return [](Transaction& tx, const std::function<void(const Segment&)>& found) -> Status {
      const auto page = TRY(tx.scan(kObjects));
      for (const auto& entry : page.entries)
        for (const Segment& segment : entry.record.segments) found(segment);
      return {};
    };
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Blobs> blobs_;
};

TEST_F(BlobsTest, BytesComeBackWhateverTheirSizeAndHoweverTheyCame) {
  for (const size_t size : {0UL, 1UL, kInlineLimit, kInlineLimit + 1, 256UL << 10, (1UL << 20) - 1, 1UL << 20,
                            (1UL << 20) + 1, (9UL << 20) + 77})
    for (const size_t piece : {size_t{1000}, size_t{64 << 10}, size_t{10 << 20}}) {
      if (size / piece > 2000) continue;
      const std::string bytes = pattern(size);
      const auto writer = blobs_->writer({DigestKind::kSha256, DigestKind::kCrc32c});
      for (size_t at = 0; at < size; at += piece)
        ASSERT_TRUE(writer->append(std::string_view(bytes).substr(at, piece)));
      const StagedBody staged = writer->finish().value();
      EXPECT_EQ(staged.size, size);
      EXPECT_EQ(staged.bytes != nullptr, size > 0 && size <= kInlineLimit);
      EXPECT_EQ(staged.digests.at(DigestKind::kMd5), md5(bytes));
      EXPECT_EQ(staged.digests.at(DigestKind::kSha256), sha256(bytes));
      EXPECT_EQ(staged.digests.at(DigestKind::kCrc32c), digest(DigestKind::kCrc32c, bytes));
      const std::string name = std::to_string(size) + "/" + std::to_string(piece);
      ASSERT_TRUE(store_->run([&](Transaction& tx) -> Status {
        TRY(blobs_->adopt(tx, staged));
        return tx.put(kObjects, {name}, {staged.segments()});
      }));
      EXPECT_TRUE(read(*body(name)) == bytes) << name;
    }
  open();
  EXPECT_TRUE(read(*body("9437261/10485760")) == pattern(9437261));
}

TEST_F(BlobsTest, RangesOverSegments) {
  put("small", pattern(1000, 1));
  put("large", pattern((2 << 20) + 5, 2));
  const auto tx = store_->write();
  std::vector<Segment> small = tx->get(kObjects, {"small"}).value()->segments;
  std::vector<Segment> large = tx->get(kObjects, {"large"}).value()->segments;
  ASSERT_TRUE(blobs_->retain(*tx, small));
  ASSERT_TRUE(blobs_->retain(*tx, large));
  small[0].offset = 10;
  small[0].length = 100;
  large[0].offset = 1 << 20;
  large[0].length = 1000;
  ASSERT_TRUE(tx->put(kObjects, {"joined"}, {{small[0], large[0]}}));
  ASSERT_TRUE(tx->commit());
  const std::string expected = pattern(1000, 1).substr(10, 100) + pattern((2 << 20) + 5, 2).substr(1 << 20, 1000);
  const auto joined = body("joined");
  EXPECT_EQ(joined->size(), 1100U);
  for (const uint64_t offset : {0, 1, 99, 100, 101, 1099})
    for (const size_t length : {0, 1, 50, 1100})
      EXPECT_EQ(read(*joined, offset, length), expected.substr(offset, length)) << offset << " " << length;
  EXPECT_EQ(read(*joined, 1100, 5), "");
  std::string by_runs;
  while (by_runs.size() < joined->size()) {
    const auto run = joined->run(by_runs.size(), 64).value();
    if (run.fd < 0) {
      by_runs += run.bytes;
    } else {
      std::string piece(run.length, '\0');
      ASSERT_EQ(read_at(run.fd, run.file_offset, piece, "blob"), run.length);
      by_runs += piece;
    }
  }
  EXPECT_EQ(by_runs, expected);
  EXPECT_EQ(joined->runs(0, UINT64_MAX)->size(), 2U);
  EXPECT_EQ(joined->runs(100, 5)->size(), 1U);
  EXPECT_EQ(joined->runs(1100, 5)->size(), 0U);
  EXPECT_TRUE(joined->check(0, 1100));
}

TEST_F(BlobsTest, AFileGoesWithItsLastReference) {
  put("a", pattern(100'000));
  ASSERT_TRUE(store_->run([&](Transaction& tx) -> Status {
    const auto object = TRY(tx.get(kObjects, {"a"}));
    TRY(blobs_->retain(tx, object->segments));
    return tx.put(kObjects, {"copy"}, *object);
  }));
  erase("a");
  blobs_->settle();
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(read(*body("copy")), pattern(100'000));
  erase("copy");
  blobs_->settle();
  EXPECT_EQ(files(), 0U);
}

TEST_F(BlobsTest, WhoReadsKeepsTheBytes) {
  put("a", pattern(100'000));
  put("small", "small");
  auto large_body = body("a");
  const auto small_body = body("small");
  auto before = store_->read();
  erase("a");
  erase("small");
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(read(*large_body), pattern(100'000));
  EXPECT_EQ(read(*small_body), "small");
  large_body.reset();
  // A reader that began before the commit still finds what it sees.
  const Object object = before->get(kObjects, {"a"}).value().value();
  auto late = blobs_->open_body(*before, object.segments).value();
  EXPECT_EQ(read(*late), pattern(100'000));
  late.reset();
  before.reset();
  blobs_->settle();
  EXPECT_EQ(files(), 0U);
}

TEST_F(BlobsTest, WhatIsNotAdoptedGoes) {
  {
    const auto writer = blobs_->writer();
    ASSERT_TRUE(writer->append(pattern(100'000)));
    EXPECT_EQ(files(), 1U);
  }
  blobs_->settle();
  EXPECT_EQ(files(), 0U);
  {
    const StagedBody staged = blobs_->stage(pattern(100'000)).value();
    const auto tx = store_->write();  // rolled back
    ASSERT_TRUE(blobs_->adopt(*tx, staged));
    EXPECT_EQ(files(), 1U);
  }
  blobs_->settle();
  EXPECT_EQ(files(), 0U);
}

TEST_F(BlobsTest, AHandlerRunAnewAdoptsAnew) {
  const StagedBody staged = blobs_->stage(pattern(100'000)).value();
  int runs = 0;
  ASSERT_TRUE(store_->run([&](Transaction& tx) -> Status {
    TRY(blobs_->adopt(tx, staged));
    TRY(tx.put(kObjects, {"a"}, {staged.segments()}));
    if (++runs < 3) return fail(503, std::string(kTransactionConflict), "again");
    return {};
  }));
  EXPECT_EQ(read(*body("a")), pattern(100'000));
}

TEST_F(BlobsTest, ARestartRemovesWhatWasLeftHalfDone) {
  put("kept", pattern(100'000));
  auto staged = std::make_unique<StagedBody>(blobs_->stage(pattern(200'000)).value());
  const auto keep = blobs_->keep_all();  // as if the server had died before it removed anything
  erase("kept");
  put("later", pattern(300'000));
  EXPECT_EQ(files(), 3U);
  close();
  staged.reset();
  EXPECT_EQ(files(), 3U);
  open();
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(read(*body("later")), pattern(300'000));
}

TEST_F(BlobsTest, DamageIsFoundWhenRead) {
  const std::string bytes = pattern((3 << 20) + 10);
  put("a", bytes);
  const std::string file = only_file();
  close();
  std::string content = read_file(file).value();
  content[(1 << 20) + 5] ^= 1;
  ASSERT_TRUE(write_file_atomically(file, content));
  open();
  EXPECT_EQ(read(*body("a"), 0, 1 << 20), bytes.substr(0, 1 << 20));
  EXPECT_EQ(read(*body("a"), 2 << 20, 100), bytes.substr(2 << 20, 100));
  const std::string error = read(*body("a"), 1 << 20, 1);
  EXPECT_NE(error.find(file), std::string::npos) << error;
  EXPECT_NE(error.find("1048576"), std::string::npos) << error;
  EXPECT_FALSE(body("a")->run(1 << 20, 5));
  EXPECT_FALSE(body("a")->check(0, bytes.size()));
}

TEST_F(BlobsTest, ABlobFileCutOrChangedAnywhereIsRefused) {
  put("a", pattern(70'000));
  const std::string file = only_file();
  close();
  const std::string whole = read_file(file).value();
  const std::string bad_path = directory_.path() + "/bad";
  for (const size_t size : {size_t{0}, size_t{10}, size_t{23}, size_t{24}, size_t{70'000}, whole.size() - 1}) {
    ASSERT_TRUE(write_file_atomically(bad_path, whole.substr(0, size)));
    EXPECT_FALSE(BlobFile::open(bad_path)) << size;
  }
  for (size_t at = 70'000; at < whole.size(); ++at) {
    std::string bad = whole;
    bad[at] ^= 0x40;
    ASSERT_TRUE(write_file_atomically(bad_path, bad));
    EXPECT_FALSE(BlobFile::open(bad_path)) << at;
  }
}

TEST_F(BlobsTest, AFullDiskIsSaidAndLeavesNothing) {
  open({.reserve_bytes = uint64_t{1} << 60});
  const auto writer = blobs_->writer();
  const Status appended = writer->append(pattern(100'000));
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, "InsufficientStorage");
  EXPECT_EQ(files(), 0U);
}

TEST_F(BlobsTest, ReleasingTwiceIsAnErrorAndRetainingWhatIsGoneAConflict) {
  put("a", pattern(100'000));
  const auto segments = store_->read()->get(kObjects, {"a"}).value()->segments;
  erase("a");
  EXPECT_FALSE(blobs_->release(*store_->write(), segments));
  const Status retained = blobs_->retain(*store_->write(), segments);
  ASSERT_FALSE(retained);
  EXPECT_TRUE(is_conflict(retained.error()));
}

TEST_F(BlobsTest, ABackupIsWholeAndComesBack) {
  put("large", pattern(500'000));
  put("small", "small");
  ASSERT_TRUE(write_file_atomically(path() + "/root-key", "secret", 0600));
  const std::string copy = directory_.path() + "/backup", back = directory_.path() + "/back";
  ASSERT_TRUE(backup(*store_, *blobs_, copy));
  EXPECT_EQ(backup(*store_, *blobs_, copy).error().code, "DirectoryExists");
  erase("large");
  put("later", pattern(100'000));
  blobs_->settle();
  EXPECT_EQ(restore(copy, path()).error().code, "DirectoryExists");
  EXPECT_EQ(restore(directory_.path(), back).error().code, "NoSuchBackup");
  const Status restored = restore(copy, back);
  ASSERT_TRUE(restored) << restored.error().message;
  for (const std::string& directory : {copy, back}) {
    const auto report = check_directory(directory, lister());
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->faults.empty()) << report->text();
    EXPECT_EQ(report->blobs, 2U);
  }
  close();
  ASSERT_TRUE(remove_tree(path()));
  ASSERT_TRUE(rename_file(back, path()));
  open();
  EXPECT_EQ(read(*body("large")), pattern(500'000));
  EXPECT_EQ(read(*body("small")), "small");
  EXPECT_FALSE(*store_->read()->get(kObjects, {"later"}));
  EXPECT_EQ(read_file(path() + "/root-key").value(), "secret");
}

TEST_F(BlobsTest, ABackupUnderLoadIsConsistent) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t)
    writers.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        const std::string name = std::to_string(t) + "/" + std::to_string(i % 7);
        if (*store_->read()->get(kObjects, {name}))
          erase(name);
        else
          put(name, pattern(i % 2 ? 70'000 : 700));
      }
    });
  for (int i = 0; i < 3; ++i) {
    const std::string copy = directory_.path() + "/backup" + std::to_string(i);
    const Status done = backup(*store_, *blobs_, copy);
    EXPECT_TRUE(done) << done.error().message;
    const auto report = check_directory(copy, lister());
    EXPECT_TRUE(report && report->faults.empty()) << (report ? report->text() : report.error().message);
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
}

TEST_F(BlobsTest, CheckFindsWhatIsWrong) {
  put("a", pattern(100'000, 1));
  put("b", pattern(100'000, 2));
  put("c", "small");
  {
    const auto tx = store_->write();  // a reference that is not counted, and one that is counted and not there
    auto object = tx->get(kObjects, {"c"}).value();
    ASSERT_TRUE(tx->put(kObjects, {"uncounted"}, *object));
    ASSERT_TRUE(tx->erase(kObjects, {"b"}));
    ASSERT_TRUE(tx->put(kObjects, {"dangling"}, {{{12345678, 0, 1}}}));
    ASSERT_TRUE(tx->commit());
  }
  const auto segments = store_->read()->get(kObjects, {"a"}).value()->segments;
  const std::string file = path() + "/" + Blobs::file_of(segments[0].blob);
  close();
  std::string content = read_file(file).value();
  content[100] ^= 1;
  ASSERT_TRUE(write_file_atomically(file, content));
  const auto report = check_directory(path(), lister());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->faults.size(), 4U) << report->text();
  EXPECT_EQ(check_directory(path())->faults.size(), 1U) << "without a lister only the bytes are checked";
  EXPECT_EQ(check_directory(directory_.path()).error().code, "NoSuchDirectory");
}

}  // namespace
}  // namespace tarn
