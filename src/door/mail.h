// Mail, text messages and pushes that services send to people. With an SMTP server (`tarn serve --smtp`) mail leaves
// through it; text messages and pushes, and mail without a server, are kept where `tarn mail` shows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/outbound.h"
#include "store/outbox.h"
#include "store/table.h"

namespace tarn {

struct LetterKey {
  std::string account;
  uint64_t number = 0;  // the later ones are greater
  static void fields(auto& self, auto&& visit) { visit(self.account, self.number); }
};
struct Letter {
  enum class State : uint8_t { kKept, kWaiting, kSent, kFailed };

  std::string kind;  // "email", "sms", "push"
  std::string to;    // an address, a phone number, an endpoint's ARN
  std::string subject = {}, body = {};
  std::string from_name = {};  // "Orders": who it says that it is from
  std::string source = {};     // the ARN of what sends it
  Time time = {};              // filled by send(), as what follows
  State state = State::kKept;
  std::string why = {};  // it failed
  static void fields(auto& self, auto&& visit) {
    visit(self.kind, self.to, self.subject, self.body, self.from_name, self.source, self.time, self.state, self.why);
  }
};
inline constexpr Table<LetterKey, Letter> kLetters{"door.letters"};

std::string_view state_text(Letter::State state);

// THREADS: any.
class Mailroom {
 public:
  struct Options {
    std::optional<http::MailServer> server;
    std::string from = "no-reply@tarn.local";
  };
  // LIFETIME: borrows store and outbox. REQUIRES: the outbox is not started yet.
  Mailroom(Store& store, Outbox& outbox, Options options);

  // In the commit of what it tells of.
  Status send(Transaction& tx, std::string_view account, Letter letter, Time now);

 private:
  Status deliver(const Delivery& delivery);

  Store& store_;
  Outbox& outbox_;
  const Options options_;
};

}  // namespace tarn
