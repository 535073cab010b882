// Messages of a client of the PostgreSQL wire that has logged in, and of one that has not.
#include "fuzz.h"
#include "pgwire/fake_backend_test.h"
#include "pgwire/session.h"

namespace {

struct Nowhere final : tarn::pgwire::Output {
  bool send(std::string_view) override { return true; }
};

constexpr char kHello[] = "\0\0\0\x12\0\3\0\0user\0ann\0\0";
constexpr char kPassword[] = "p\0\0\0\x0bsecret\0";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tarn;
  const std::string_view text = fuzz::text_of(data, size);
  pgwire::FakeBackend backend;
  pgwire::Cancels cancels;
  Nowhere nowhere;
  {
    pgwire::Session stranger(backend, cancels, nowhere, {});
    stranger.receive(text);
  }
  backend.asked.clear();
  pgwire::Session session(backend, cancels, nowhere, {});
  session.receive({kHello, sizeof kHello - 1});
  session.receive({kPassword, sizeof kPassword - 1});
  fuzz::require(session.logged_in());
  // In two parts: a message may come in pieces.
  session.receive(text.substr(0, size / 2));
  session.receive(text.substr(size / 2));
  fuzz::planted_fault(backend.asked.size() > 1 && backend.asked.back().ends_with("[x ]"));
  return 0;
}
