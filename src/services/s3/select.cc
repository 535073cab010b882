// SelectObjectContent: SQL over one object, by the engine, answered as a stream of events.
#include <fmt/format.h>

#include "door/door.h"
#include "gen/s3/handlers.h"
#include "os/random.h"
#include "services/s3/access.h"
#include "services/s3/errors.h"
#include "services/s3/object_settings.h"
#include "services/s3/objects.h"
#include "services/s3/s3.h"
#include "services/s3/select_request.h"
#include "sql/select_format.h"
#include "wire/event_stream.h"

namespace tarn::s3 {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDeadline{10 * 60'000};
constexpr milliseconds kAnswerSoon{2'000};    // an error within it is the answer itself, a later one an event
constexpr milliseconds kContinuation{5'000};  // how long the client hears nothing
constexpr size_t kRecordsPayload = 64 << 10;
constexpr size_t kMaxRecord = 1 << 20;
constexpr uint64_t kProgressEvery = 1 << 20;  // bytes returned between two Progress events

std::string encode(SelectObjectContentEventStream event) {
  return wire::encode_event(wire::OperationOf<SelectObjectContentRequest>::operation(), &event);
}

// The events of one statement: Cont while it runs, its Records, Progress in between if asked for, Stats, End.
class SelectEvents final : public EventSource {
 public:
  SelectEvents(std::shared_ptr<SelectJob> job, sql::SelectOutput format, bool progress)
      : job_(std::move(job)), format_(std::move(format)), progress_(progress) {}

  Result<std::optional<std::string>> next() override {
    if (step_ == Step::kRunning) {
      const Result<sql::SelectOutcome>* outcome = job_->wait_for(kContinuation);
      if (outcome == nullptr) return encode({.cont = ContinuationEvent{}});
      if (!*outcome) return ended_by(select_error(outcome->error()));
      outcome_ = **outcome;
      reader_ = TRY(sql::SpoolReader::open(job_->spool()));
      step_ = Step::kRecords;
    }
    if (step_ == Step::kRecords) {
      if (progress_ && returned_ >= next_progress_) {
        next_progress_ = returned_ + kProgressEvery;
        return encode(
            {.progress = ProgressEvent{.details = Progress{.bytes_scanned = scanned(),
                                                           .bytes_processed = processed(),
                                                           .bytes_returned = static_cast<int64_t>(returned_)}}});
      }
      Result<std::string> records = next_records();
      if (!records) return ended_by(records.error());
      if (!records->empty()) {
        returned_ += records->size();
        return encode({.records = RecordsEvent{.payload = wire::Blob{std::move(*records)}}});
      }
      step_ = Step::kStats;
    }
    if (step_ == Step::kStats) {
      step_ = Step::kEnd;
      return encode({.stats = StatsEvent{.details = Stats{.bytes_scanned = scanned(),
                                                          .bytes_processed = processed(),
                                                          .bytes_returned = static_cast<int64_t>(returned_)}}});
    }
    if (step_ == Step::kEnd) {
      step_ = Step::kOver;
      return encode({.end = EndEvent{}});
    }
    return std::nullopt;
  }

 private:
  enum class Step : uint8_t { kRunning, kRecords, kStats, kEnd, kOver };

  int64_t scanned() const { return static_cast<int64_t>(outcome_.scanned_bytes); }
  int64_t processed() const { return static_cast<int64_t>(outcome_.processed_bytes); }

  std::optional<std::string> ended_by(const ::tarn::Error& error) {
    step_ = Step::kOver;
    return wire::encode_event_error(error.code, error.message);
  }

  // Whole records, some 64 KiB of them; empty at the end. ERRORS: OverMaxRecordSize.
  Result<std::string> next_records() {
    std::string out;
    while (out.size() < kRecordsPayload && row_ < reader_->rows()) {
      if (!page_ || row_ >= page_->first_row() + page_->rows()) page_ = TRY(reader_->page(reader_->page_of(row_)));
      const size_t before = out.size();
      sql::append_record(out, *reader_, *page_, static_cast<uint32_t>(row_ - page_->first_row()), format_);
      if (out.size() - before > kMaxRecord) {
        if (before > 0) {  // what stands before it is told first
          out.resize(before);
          return out;
        }
        return refuse(400, "OverMaxRecordSize",
                      "The length of a record in the input or result is greater than the maximum of 1 MB.");
      }
      ++row_;
    }
    return out;
  }

  const std::shared_ptr<SelectJob> job_;
  const sql::SelectOutput format_;
  const bool progress_;
  Step step_ = Step::kRunning;
  sql::SelectOutcome outcome_;
  std::optional<sql::SpoolReader> reader_;
  std::optional<sql::SpoolPage> page_;
  uint64_t row_ = 0, returned_ = 0, next_progress_ = 0;
};

// The object's bytes as the engine takes them: descriptors of its own, and what lies in memory.
Result<sql::OpenedObject> opened_object(const Body& body, const SelectObjectContentRequest& in,
                                        const ObjectRecord& object) {
  sql::OpenedObject opened;
  opened.object = {fmt::format("s3://{}/{}", *in.bucket, *in.key), object.size, object.etag, object.modified};
  if (object.size == 0) return opened;
  for (const Body::Run& run : TRY(body.runs(0, body.size()))) {
    if (run.fd < 0) {
      opened.segments.push_back({-1, 0, run.length, std::string(run.bytes)});
      continue;
    }
    Fd file = TRY(open_file(fmt::format("/proc/self/fd/{}", run.fd), OpenMode::kRead));
    opened.segments.push_back({static_cast<int>(opened.files.size()), run.file_offset, run.length, {},
                               {run.checksums.begin(), run.checksums.end()}, run.file_size});
    opened.files.emplace_back(file.release());
  }
  return opened;
}

// A file without a name: it goes with its descriptor.
Result<Fd> anonymous_file(const std::string& directory) {
  const std::string path = fmt::format("{}/select-{}", directory, random_hex(16));
  Fd file = TRY(open_file(path, OpenMode::kCreateNew, 0600));
  TRY(remove_file(path));
  return file;
}

}  // namespace

Result<std::vector<Need>> select_object_content_rights(S3&, Call& call, const SelectObjectContentRequest& in) {
  return rights_to_read(call, TRY(find_bucket(call, in)), *in.key, "s3:GetObject");
}

Result<WithEvents<SelectObjectContentOutput>> select_object_content(S3& s3, Call& call,
                                                                    const SelectObjectContentRequest& in) {
  if (s3.select_engine == nullptr) return not_implemented("SelectObjectContent: no SQL engine is set up");
  const FoundBucket bucket = TRY(find_bucket(call, in));
  TRY(check_no_customer_key(in.sse_customer_algorithm, in.sse_customer_key));
  const ObjectRecord object = TRY(find_object(call, bucket, *in.key));
  sql::SelectRequest request = TRY(select_request(in, object.size));
  sql::SelectOutput format = TRY(select_output(in));
  const auto body = TRY(s3.blobs.open_body(call.tx(), object.segments));
  request.object = TRY(opened_object(*body, in, object));
  request.timeout = kDeadline;

  Fd spool = TRY(anonymous_file(call.door().store().directory()));
  const auto job = s3.select_jobs.start(*s3.select_engine, std::move(request), std::move(spool), body);
  if (const auto* outcome = job->wait_for(kAnswerSoon); outcome != nullptr && !*outcome)
    return Failure(select_error(outcome->error()));
  const bool progress = in.request_progress && in.request_progress->enabled.value_or(false);
  return WithEvents<SelectObjectContentOutput>{
      .output = {}, .events = std::make_unique<SelectEvents>(job, std::move(format), progress)};
}

}  // namespace tarn::s3
