// Bodies as S3's clients send them: plain, with a declared hash, or "aws-chunked", with or without signed chunks and
// trailers. Which it is says x-amz-content-sha256.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "http/message.h"
#include "wire/sigv4.h"

namespace tarn::wire {

// Takes a body as it comes and gives out the bytes that the client meant.
//
// A chunk's bytes are given out before its signature is known, since a chunk may be of any size: nothing of a body may be
// seen by others before finish() said that all was right.
//
// ERRORS, of all members: SignatureDoesNotMatch (a chunk or the trailers), XAmzContentSHA256Mismatch, IncompleteBody (cut,
// or not of the declared length), InvalidRequest (malformed framing), MalformedTrailerError, MissingContentLength (no
// x-amz-decoded-content-length). After an error nothing but destruction is useful.
class PayloadDecoder {
 public:
  using Sink = std::function<Status(std::string_view bytes)>;

  // `signing` is what verify() returned; nullptr for an anonymous request, which cannot sign chunks.
  static Result<PayloadDecoder> start(const Presented& presented, const http::RequestHead& head,
                                      const Signing* signing);

  Status feed(std::string_view bytes, const Sink& sink);
  // All bytes were fed.
  Status finish();

  // The length of what comes out, where the client said it (x-amz-decoded-content-length, or Content-Length).
  std::optional<uint64_t> decoded_length() const { return decoded_length_; }
  // Of "aws-chunked" with trailers: the fields behind the last chunk, e.g. x-amz-checksum-crc32. Whole after finish().
  const http::Headers& trailers() const { return trailers_; }

 private:
  enum class State : uint8_t { kPlain, kSize, kData, kDataEnd, kTrailer, kDone };

  Status take_line(std::string_view line);
  Status take_size(std::string_view line);
  Status take_trailer(std::string_view line);
  Status take_data(std::string_view data, const Sink& sink);
  Status end_chunk();
  Status end_trailers();
  Status check_signature(std::string_view string_to_sign, std::string_view given);

  State state_ = State::kPlain;
  std::optional<uint64_t> decoded_length_;
  uint64_t decoded_ = 0;
  bool signed_ = false;
  std::vector<std::string> declared_trailers_;
  std::string declared_hash_;     // plain, with a hash to check
  std::optional<Digest> digest_;  // of the body (plain), or of the chunk under way (signed)
  std::optional<Signing> signing_;
  std::string previous_signature_;
  std::string chunk_signature_;
  uint64_t chunk_left_ = 0;
  std::string line_;  // of a line that came in pieces, bounded
  std::string trailer_text_;
  std::string trailer_signature_;
  http::Headers trailers_;
};

// A Content-Encoding as it is stored: "aws-chunked" belongs to the transfer alone.
std::string without_aws_chunked(std::string_view content_encoding);

}  // namespace tarn::wire
