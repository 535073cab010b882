#include "wire/aws_chunked.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace tarn::wire {
namespace {

constexpr size_t kMaxLine = 4096;
constexpr size_t kMaxTrailers = 16;

Failure malformed(std::string_view what) {
  return fail(400, "InvalidRequest", "The aws-chunked body is malformed: " + std::string(what) + ".");
}
Failure incomplete() {
  return fail(400, "IncompleteBody",
              "You did not provide the number of bytes specified by the Content-Length HTTP header");
}
Failure bad_trailer() {
  return fail(
      400, "MalformedTrailerError",
      "The request contained trailing data that was not well-formed or did not conform to our published schema.");
}

}  // namespace

Result<PayloadDecoder> PayloadDecoder::start(const Presented& presented, const http::RequestHead& head,
                                             const Signing* signing) {
  PayloadDecoder decoder;
  const std::string_view payload = presented.payload;
  const bool chunked =
      payload == kStreamingSigned || payload == kStreamingSignedTrailer || payload == kStreamingUnsignedTrailer;
  const std::string_view length = head.headers.get(chunked ? "x-amz-decoded-content-length" : "Content-Length");
  if (const auto value = parse_int(length); value && *value >= 0) decoder.decoded_length_ = *value;
  if (!chunked) {
    if (payload.size() == 64 && unhex(payload)) {
      decoder.declared_hash_ = payload;
      decoder.digest_.emplace(DigestKind::kSha256);
    }
    return decoder;
  }
  if (!decoder.decoded_length_)
    return fail(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  decoder.state_ = State::kSize;
  decoder.signed_ = payload != kStreamingUnsignedTrailer;
  if (decoder.signed_) {
    if (signing == nullptr) return fail(400, "InvalidRequest", "Signed chunks need a signed request.");
    decoder.signing_ = *signing;
    decoder.previous_signature_ = signing->seed_signature;
  }
  if (payload != kStreamingSigned)
    for (const std::string_view name : split(head.headers.get("x-amz-trailer"), ','))
      if (!trim(name).empty()) decoder.declared_trailers_.push_back(lower(trim(name)));
  if (decoder.declared_trailers_.size() > kMaxTrailers) return bad_trailer();
  return decoder;
}

Status PayloadDecoder::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (state_ == State::kDone) return malformed("there are bytes behind its end");
    if (state_ == State::kPlain || state_ == State::kData) {
      const std::string_view data = state_ == State::kPlain ? bytes : bytes.substr(0, chunk_left_);
      TRY(take_data(data, sink));
      bytes.remove_prefix(data.size());
      continue;
    }
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > kMaxLine) return malformed("a line is too long");
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    line_.append(part);
    if (end == std::string_view::npos) break;
    if (line_.ends_with('\r')) line_.pop_back();
    const std::string line = std::exchange(line_, {});
    TRY(take_line(line));
  }
  return {};
}

Status PayloadDecoder::take_data(std::string_view data, const Sink& sink) {
  if (digest_) digest_->update(data);
  if (!data.empty()) TRY(sink(data));
  decoded_ += data.size();
  if (state_ == State::kPlain) return {};
  chunk_left_ -= data.size();
  if (chunk_left_ == 0) state_ = State::kDataEnd;
  return {};
}

Status PayloadDecoder::take_line(std::string_view line) {
  if (state_ == State::kSize) return take_size(line);
  if (state_ == State::kTrailer) return take_trailer(line);
  if (!line.empty()) return malformed("a chunk is longer than its size");
  return end_chunk();
}

// "400;chunk-signature=ad80c730..."
Status PayloadDecoder::take_size(std::string_view line) {
  const std::string_view size = line.substr(0, line.find(';'));
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), chunk_left_, 16);
  if (error != std::errc() || end != size.data() + size.size()) return malformed("a chunk's size is not hexadecimal");
  if (chunk_left_ > *decoded_length_ - decoded_) return incomplete();
  if (signed_) {
    static constexpr std::string_view kExtension = ";chunk-signature=";
    const std::string_view rest = line.substr(size.size());
    if (!rest.starts_with(kExtension)) return malformed("a chunk has no chunk-signature");
    chunk_signature_ = rest.substr(kExtension.size());
    digest_.emplace(DigestKind::kSha256);
  }
  if (chunk_left_ > 0) {
    state_ = State::kData;
    return {};
  }
  TRY(end_chunk());
  state_ = State::kTrailer;
  return {};
}

Status PayloadDecoder::end_chunk() {
  state_ = State::kSize;
  if (!signed_) return {};
  static const std::string kOfNothing = hex(sha256(""));
  const std::string of_data = hex(digest_->finish());
  digest_.reset();
  return check_signature("AWS4-HMAC-SHA256-PAYLOAD\n" + signing_->timestamp + "\n" + signing_->scope + "\n" +
                             previous_signature_ + "\n" + kOfNothing + "\n" + of_data,
                         chunk_signature_);
}

Status PayloadDecoder::take_trailer(std::string_view line) {
  if (line.empty()) return end_trailers();
  const size_t colon = line.find(':');
  if (colon == line.npos || !trailer_signature_.empty()) return bad_trailer();
  const std::string name = lower(trim(line.substr(0, colon)));
  const std::string_view value = trim(line.substr(colon + 1));
  if (signed_ && name == "x-amz-trailer-signature") {
    trailer_signature_ = value;
    return {};
  }
  if (std::ranges::find(declared_trailers_, name) == declared_trailers_.end() || trailers_.contains(name))
    return bad_trailer();
  trailer_text_.append(name).append(":").append(value).append("\n");
  trailers_.add(name, std::string(value));
  return {};
}

Status PayloadDecoder::end_trailers() {
  state_ = State::kDone;
  if (trailers_.size() != declared_trailers_.size()) return bad_trailer();
  if (!signed_ || declared_trailers_.empty()) return {};
  if (trailer_signature_.empty()) return bad_trailer();
  return check_signature("AWS4-HMAC-SHA256-TRAILER\n" + signing_->timestamp + "\n" + signing_->scope + "\n" +
                             previous_signature_ + "\n" + hex(sha256(trailer_text_)),
                         trailer_signature_);
}

Status PayloadDecoder::check_signature(std::string_view string_to_sign, std::string_view given) {
  std::string expected = hex(hmac_sha256(signing_->key, string_to_sign));
  if (constant_time_equal(expected, given)) {
    previous_signature_ = std::move(expected);
    return {};
  }
  return Failure(Error{403,
                       "SignatureDoesNotMatch",
                       "The request signature we calculated does not match the signature you provided. Check your key "
                       "and signing method.",
                       {{"StringToSign", std::string(string_to_sign)}, {"SignatureProvided", std::string(given)}}});
}

Status PayloadDecoder::finish() {
  if (state_ != State::kPlain && state_ != State::kDone) return incomplete();
  if (decoded_length_ && decoded_ != *decoded_length_) return incomplete();
  if (state_ == State::kPlain && digest_) return check_payload_hash(declared_hash_, hex(digest_->finish()));
  return {};
}

std::string without_aws_chunked(std::string_view content_encoding) {
  std::string kept;
  for (const std::string_view part : split(content_encoding, ',')) {
    const std::string_view coding = trim(part);
    if (coding.empty() || equals_ignore_case(coding, "aws-chunked")) continue;
    if (!kept.empty()) kept += ',';
    kept += coding;
  }
  return kept;
}

}  // namespace tarn::wire
