// Random bytes and the ids made of them. From the kernel's generator: fit for secrets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tarn {

std::string random_bytes(size_t n);
std::string random_hex(size_t digits);
// "6f1c0a1e-3b5d-4c2a-9a70-2f0f5b9c8d11"
std::string uuid4();
// The prefix and `n` characters of A-Z and 2-7: AWS's ids ("AKIA" + 16, "AIDA" + 17, "AROA" + 17).
std::string random_id(std::string_view prefix, size_t n);
// `n` characters of A-Z a-z 0-9 and, as AWS's secret keys have them, '+' and '/': "wJalrXUtnFEMI/K7MDENG..." is 40.
std::string random_secret(size_t n);

}  // namespace tarn
