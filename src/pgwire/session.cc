#include "pgwire/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sql/sql_error.h"

namespace tarn::pgwire {
namespace {

// Lengths of messages: PostgreSQL's of a startup packet; beyond Redshift's largest statement (16 MB) afterwards.
constexpr size_t kMaxStartup = 10'000, kMaxPassword = 64 << 10, kMaxMessage = 64 << 20;

// AWS: drivers look for this version: what Redshift says of itself.
constexpr std::string_view kServerVersion = "8.0.2";

bool is_utf8(std::string_view encoding) {
  const std::string name = lower(encoding);
  return name == "utf8" || name == "utf-8" || name == "unicode" || name == "sql_ascii" || name == "auto";
}

// Settings of the startup packet that a session has as well; drivers send others, which mean nothing here.
constexpr std::string_view kSettings[] = {"application_name", "datestyle",   "extra_float_digits",
                                          "query_group",      "search_path", "statement_timeout",
                                          "timezone"};

// "-c a=b --c=d" of the startup packet's options; a backslash keeps a blank.
std::vector<std::pair<std::string, std::string>> options_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      words.back() += text[++i];
    else if (text[i] == ' ')
      words.emplace_back();
    else
      words.back() += text[i];
  }
  std::vector<std::pair<std::string, std::string>> all;
  for (std::string_view word : words) {
    for (const std::string_view prefix : {"-c", "--"})
      if (word.starts_with(prefix)) word.remove_prefix(prefix.size());
    const size_t equals = word.find('=');
    if (equals != std::string_view::npos)
      all.emplace_back(replace_all(lower(word.substr(0, equals)), "-", "_"), word.substr(equals + 1));
  }
  return all;
}

}  // namespace

Session::Session(Backend& backend, Cancels& cancels, Output& output, SessionFacts facts)
    : backend_(backend), cancels_(cancels), output_(output), facts_(std::move(facts)) {}

Session::~Session() {
  if (database_) cancels_.remove(key_);
}

Session::Wants Session::receive(std::string_view bytes) {
  reader_.feed(bytes);
  while (state_ != State::kEnd && state_ != State::kTls) {
    const bool startup = state_ == State::kStartup;
    const auto message = reader_.next(startup, startup                      ? kMaxStartup
                                               : state_ == State::kPassword ? kMaxPassword
                                                                            : kMaxMessage);
    if (!message) {
      end(kProtocolViolation, message.error().message);
      break;
    }
    if (!*message) break;
    take(**message);
  }
  flush();
  return state_ == State::kEnd ? Wants::kEnd : state_ == State::kTls ? Wants::kTls : Wants::kBytes;
}

void Session::tls_started(std::string server_name) {
  secure_ = true;
  login_.server_name = std::move(server_name);
  state_ = State::kStartup;
}

void Session::take(const Message& message) {
  if (state_ == State::kStartup) return startup(message);
  if (state_ == State::kPassword) return password(message);
  if (message.type == 'X') {
    state_ = State::kEnd;
    return;
  }
  if (state_ == State::kSkip && message.type != 'S') return;
  if (state_ == State::kCopyIn) return copy_message(message);
  switch (message.type) {
    case 'Q': return query(message);
    case 'S': return sync();
    case 'H': return flush();
    case 'F':
      report({400,
              "SqlError",
              "the function call message is not supported: write SELECT f(..)",
              {{"sqlstate", std::string(sql::kNotSupported)}}});
      return ready();
    case 'd':
    case 'c':
    case 'f': return;  // of a COPY that has failed
    case 'p': return end(kProtocolViolation, "a password was not asked for");
    default: return extended(message);
  }
}

// --- who is there ---------------------------------------------------------------------------------------------------

void Session::startup(const Message& message) {
  Fields fields(message.body);
  const uint32_t version = fields.uint32();
  if (version == kSslRequest) {
    const bool tls = facts_.tls && !secure_;
    out_ += tls ? 'S' : 'N';
    flush();
    // What came unencrypted behind the request must not count as if it had come encrypted.
    if (tls && !reader_.empty()) return end(kProtocolViolation, "received unencrypted data after SSL request");
    if (tls) state_ = State::kTls;
    return;
  }
  if (version == kGssRequest) {
    out_ += 'N';
    return;
  }
  if (version == kCancelRequest) {
    const Cancels::Key key{fields.int32(), fields.int32()};
    if (fields.ok()) cancels_.cancel(key);
    state_ = State::kEnd;
    return;
  }
  if (version >> 16 != kProtocol3 >> 16)
    return end("0A000", fmt::format("unsupported frontend protocol {}.{}: server supports 3.0", version >> 16,
                                    version & 0xffff));
  bool newer = version != kProtocol3;
  while (fields.ok()) {
    const std::string name = lower(fields.text());
    if (name.empty()) break;
    std::string value = fields.text();
    if (name == "user")
      login_.user = std::move(value);
    else if (name == "database")
      login_.database = std::move(value);
    else if (name == "options")
      std::ranges::move(options_of(value), std::back_inserter(settings_));
    else if (name.starts_with("_pq_."))
      newer = true;
    else
      settings_.emplace_back(name, std::move(value));
  }
  if (!fields.ok()) return end(kProtocolViolation, "invalid startup packet layout: expected terminator as last byte");
  if (login_.user.empty()) return end("28000", "no user name was given in the startup packet");
  if (login_.database.empty()) login_.database = login_.user;
  for (const auto& [name, value] : settings_) {
    if (name == "client_encoding" && !is_utf8(value))
      return end("22023", fmt::format("client_encoding \"{}\" is not supported: use UTF8", value));
    if (name == "warehouse") login_.warehouse = value;
    if (name == "application_name") login_.application = value;
  }
  Writer writer(out_);
  if (newer) {
    writer.begin('v').int32(kProtocol3).int32(0);  // NegotiateProtocolVersion: plain 3.0 it is
    writer.end();
  }
  writer.begin('R').int32(3);  // AuthenticationCleartextPassword: temporary passwords are checked, not known
  writer.end();
  state_ = State::kPassword;
}

void Session::password(const Message& message) {
  if (message.type != 'p')
    return end(kProtocolViolation, fmt::format("expected password response, got message type {}", +message.type));
  Fields fields(message.body);
  login_.password = fields.text();
  if (!fields.ok()) return end(kProtocolViolation, "invalid password packet");
  login_.peer = facts_.peer;
  log_in();
}

void Session::log_in() {
  auto opened = backend_.log_in(login_);
  login_.password.clear();
  if (!opened) {
    const std::string state = sql::sqlstate_of(opened.error());
    return end(state.empty() ? sql::kInternalError : state, opened.error().message);
  }
  database_ = std::move(*opened);
  key_ = cancels_.add(*database_);
  state_ = State::kReady;
  if (const Status applied = apply_options(); !applied) return end(sql::kInvalidParameter, applied.error().message);
  greet();
}

Status Session::apply_options() {
  for (const auto& [name, value] : settings_)
    if (std::ranges::find(kSettings, name) != std::end(kSettings) && !value.empty())
      TRY(ask("SET " + name + " TO " + sql::quoted_string(replace_all(value, "\\", "\\\\"))));
  settings_.clear();
  return {};
}

void Session::greet() {
  Writer writer(out_);
  writer.begin('R').int32(0);  // AuthenticationOk
  writer.end();
  const auto setting = [&](std::string_view name) { return ask(fmt::format("SHOW {}", name)).value_or(""); };
  parameter("server_version", kServerVersion);
  parameter("server_encoding", "UTF8");
  parameter("client_encoding", "UTF8");
  parameter("integer_datetimes", "on");
  parameter("DateStyle", setting("datestyle"));
  parameter("TimeZone", setting("timezone"));
  parameter("application_name", setting("application_name"));
  parameter("session_authorization", login_.user);
  parameter("is_superuser", "off");
  // What psycopg and the JDBC drivers make of it: backslashes escape in string literals.
  parameter("standard_conforming_strings", "off");
  writer.begin('K').int32(key_.pid).int32(key_.secret);
  writer.end();
  ready();
}

void Session::parameter(std::string_view name, std::string_view value) {
  Writer writer(out_);
  writer.begin('S').text(name).text(value);
  writer.end();
}

// --- what is said ---------------------------------------------------------------------------------------------------

void Session::flush() {
  if (!out_.empty() && !output_.send(out_)) state_ = State::kEnd;
  out_.clear();
}

void Session::ready() {
  if (state_ == State::kEnd) return;
  const bool open = database_->in_transaction();
  failed_ = failed_ && open;
  Writer(out_).begin('Z').byte(open ? failed_ ? 'E' : 'T' : 'I').end();
  flush();
}

void Session::fail() {
  failed_ = true;
  if (database_) database_->fail_transaction();
}

// `source`: the text that positions are counted in, from `offset` on.
void Session::report(const Error& error, std::string_view source, size_t offset) {
  const std::string state = sql::sqlstate_of(error);
  if (state_ == State::kEnd) return;
  if (state == kAdminShutdown) return end(state, error.message);
  std::vector<std::pair<char, std::string>> fields = {
      {'S', "ERROR"},
      {'V', "ERROR"},
      {'C', !state.empty()        ? state
            : error.status == 403 ? std::string(sql::kInsufficientPrivilege)
                                  : std::string(sql::kInternalError)},
      {'M', error.message}};
  if (const auto detail = sql::error_member(error, "detail"); !detail.empty()) fields.emplace_back('D', detail);
  if (const auto hint = sql::error_member(error, "hint"); !hint.empty()) fields.emplace_back('H', hint);
  // Clients count characters.
  if (const auto byte = parse_int(sql::error_member(error, "position")); byte && *byte > 0) {
    const std::string_view before = source.substr(0, std::min(offset + static_cast<size_t>(*byte) - 1, source.size()));
    fields.emplace_back('P', std::to_string(utf8_length(before) + 1));
  }
  write_report(out_, 'E', fields);
}

void Session::notices(const sql::Outcome& outcome) {
  for (const std::string& each : outcome.notices) notice(each);
}

void Session::notice(const std::string& notice) {
  constexpr std::string_view kLevels[] = {"DEBUG", "LOG", "INFO", "NOTICE", "WARNING"};
  std::string level = "INFO", text = notice;
  for (const std::string_view each : kLevels)
    if (notice.starts_with(each) && std::string_view(notice).substr(each.size()).starts_with(":  ")) {
      level = each;
      text = notice.substr(each.size() + 3);
    }
  write_report(out_, 'N', {{'S', level}, {'V', level}, {'C', "00000"}, {'M', text}});
}

void Session::end(std::string_view sqlstate, std::string_view why) {
  write_report(out_, 'E', {{'S', "FATAL"}, {'V', "FATAL"}, {'C', std::string(sqlstate)}, {'M', std::string(why)}});
  flush();
  state_ = State::kEnd;
}

}  // namespace tarn::pgwire
