#include "pgwire/tls.h"

#include "os/certificate.h"
#include "os/file.h"

namespace tarn::pgwire {
namespace {

constexpr const char* kNames = "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1";

}  // namespace

Result<Certificate> own_certificate(const std::string& directory) {
  const std::string folder = directory + "/tls";
  Certificate files{folder + "/server.crt", folder + "/server.key"};
  if (file_exists(files.chain) && file_exists(files.key)) return files;
  TRY(make_directories(folder));
  const PemPair made = TRY(make_certificate(KeyKind::kP256, "tarn", kNames));
  // The certificate last: where it is, its key is as well.
  TRY(write_file_atomically(files.key, made.key, 0600));
  TRY(write_file_atomically(files.chain, made.certificate, 0644));
  return files;
}

}  // namespace tarn::pgwire
