#include "base/gzip.h"

#include <zlib.h>

namespace tarn {

std::string gzip(std::string_view bytes) {
  constexpr int kGzip = 15 + 16;  // the largest window, with gzip's head
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);  // in one step: the bound is enough
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace tarn
