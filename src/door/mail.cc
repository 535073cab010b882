#include "door/mail.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace tarn {
namespace {

constexpr const char* kType = "mail";
constexpr auto kTimeout = std::chrono::seconds(30);
constexpr Micros kKept = 90 * kDay;  // letters are shown so long
constexpr size_t kTidyAtOnce = 2;    // old ones that each new one takes away

// RFC 2047, where a header's text is not plain; no line of it can become another header.
std::string header_text(std::string_view text) {
  bool plain = true;
  for (const unsigned char c : text) plain = plain && c >= 0x20 && c < 0x7f;
  return plain ? std::string(text) : fmt::format("=?UTF-8?B?{}?=", base64(text));
}

// Base64 in lines, so that bodies may hold anything.
std::string wrapped(std::string_view body) {
  const std::string text = base64(body);
  std::string out;
  for (size_t at = 0; at < text.size(); at += 76) out += text.substr(at, 76) + "\r\n";
  return out;
}

std::string message_of(const Letter& letter, const std::string& from, const std::string& id) {
  const std::string domain = from.substr(from.find('@') + 1);
  return fmt::format(
      "From: {} <{}>\r\nTo: <{}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
      header_text(letter.from_name), from, letter.to, header_text(letter.subject),
      replace_all(http_date(letter.time), "GMT", "+0000"), id, domain, wrapped(letter.body));
}

}  // namespace

std::string_view state_text(Letter::State state) {
  switch (state) {
    case Letter::State::kKept: return "kept";
    case Letter::State::kWaiting: return "waiting";
    case Letter::State::kSent: return "sent";
    case Letter::State::kFailed: return "failed";
  }
  return "";
}

Mailroom::Mailroom(Store& store, Outbox& outbox, Options options)
    : store_(store), outbox_(outbox), options_(std::move(options)) {
  outbox_.deliver_to(kType, {.deliver = [this](const Delivery& delivery) { return deliver(delivery); },
                             .may_pass = [](const Error& error) { return error.status >= 500; },
                             .gave_up = [](Transaction& tx, const Delivery& delivery, const Error& error) -> Status {
                               const Json key = TRY(Json::parse(delivery.payload));
                               const LetterKey at{key["account"].as_string(),
                                                  static_cast<uint64_t>(key["number"].as_int())};
                               auto letter = TRY(tx.get(kLetters, at));
                               if (!letter) return {};
                               letter->state = Letter::State::kFailed;
                               letter->why = error.message;
                               return tx.put(kLetters, at, *letter);
                             }});
}

Status Mailroom::send(Transaction& tx, std::string_view account, Letter letter, Time now) {
  const LetterKey key{std::string(account), store_.next_id()};
  const bool leaves = options_.server && letter.kind == "email";
  letter.time = now;
  letter.state = leaves ? Letter::State::kWaiting : Letter::State::kKept;
  TRY(tx.put(kLetters, key, letter));
  const auto oldest = TRY(tx.scan(kLetters, {.prefix = prefix_of(kLetters, key.account), .limit = kTidyAtOnce}));
  for (const auto& [old, record] : oldest.entries)
    if (record.time + kKept < now) TRY(tx.erase(kLetters, old));
  if (!leaves) return {};
  const Json payload = Json::object({{"account", key.account}, {"number", key.number}});
  return outbox_.enqueue(tx, {.type = kType, .target = letter.to, .payload = payload.text()});
}

Status Mailroom::deliver(const Delivery& delivery) {
  const Json payload = TRY(Json::parse(delivery.payload));
  const LetterKey key{payload["account"].as_string(), static_cast<uint64_t>(payload["number"].as_int())};
  auto letter = TRY(store_.read()->get(kLetters, key));
  if (!letter) return {};
  TRY(http::send_mail(*options_.server, {options_.from, {letter->to}, message_of(*letter, options_.from, delivery.id)},
                      kTimeout));
  letter->state = Letter::State::kSent;
  TRY(store_.run([&](Transaction& tx) { return tx.put(kLetters, key, *letter); }));
  return {};
}

}  // namespace tarn
