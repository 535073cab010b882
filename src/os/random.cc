#include "os/random.h"

#include <errno.h>
#include <sys/random.h>

#include <cstdint>
#include <cstdlib>

#include "base/text.h"

namespace tarn {
namespace {

// REQUIRES: the alphabet's size divides 256, so that every character is as likely.
std::string random_text(std::string_view alphabet, size_t n) {
  std::string text = random_bytes(n);
  for (char& c : text) c = alphabet[static_cast<uint8_t>(c) % alphabet.size()];
  return text;
}

}  // namespace

std::string random_bytes(size_t n) {
  std::string bytes(n, '\0');
  for (size_t have = 0; have < n;) {
    const ssize_t got = getrandom(bytes.data() + have, n - have, 0);
    if (got > 0) have += static_cast<size_t>(got);
    // Linux has had the call since 3.17; a kernel that refuses it could only give us guessable secrets.
    else if (errno != EINTR)
      std::abort();
  }
  return bytes;
}

std::string random_hex(size_t digits) {
  return random_text("0123456789abcdef", digits);
}

std::string uuid4() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex(bytes);
  for (const size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
  return text;
}

std::string random_id(std::string_view prefix, size_t n) {
  return std::string(prefix) + random_text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", n);
}

std::string random_secret(size_t n) {
  return random_text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", n);
}

}  // namespace tarn
