// Sessions, message by message: what drivers rely on, and what hostile clients try. The database is a fake, so that each
// statement that reaches it is seen.
#include "pgwire/session.h"

#include <gtest/gtest.h>

#include "pgwire/fake_backend_test.h"

namespace tarn::pgwire {
namespace {

struct Sent final : Output {
  bool send(std::string_view bytes) override {
    all += bytes;
    return !gone;
  }
  std::string all;
  bool gone = false;
};

std::string message(char type, const std::string& body) {
  std::string out;
  Writer(out).begin(type).bytes(body).end();
  return out;
}
std::string query(const std::string& sql) {
  return message('Q', sql + '\0');
}

std::string startup(uint32_t version, const std::string& rest) {
  std::string body, out;
  Writer(body).int32(version).bytes(rest);
  Writer(out).int32(static_cast<int64_t>(body.size() + 4)).bytes(body);
  return out;
}
std::string hello(const std::string& more = {}) {
  using std::string_literals::operator""s;
  return startup(kProtocol3, "user\0ann\0database\0dev\0"s + more + '\0');
}

// "C INSERT 0 2": each message's type, with the text of tags, errors and states.
std::vector<std::string> read(const std::string& bytes) {
  std::vector<std::string> all;
  for (size_t at = 0; at + 5 <= bytes.size();) {
    const size_t length = Fields(std::string_view(bytes).substr(at + 1)).uint32();
    const std::string body = bytes.substr(at + 5, length - 4);
    std::string shown(1, bytes[at]);
    if (bytes[at] == 'C') shown += " " + body.substr(0, body.size() - 1);
    if (bytes[at] == 'Z') shown += " " + body;
    if (bytes[at] == 'E') {
      for (size_t field = 0; field < body.size() && body[field] != '\0'; field = body.find('\0', field) + 1)
        if (body[field] == 'C' || body[field] == 'P')
          shown += " " + body.substr(field + 1, body.find('\0', field) - field - 1);
    }
    all.push_back(shown);
    at += 1 + length;
  }
  return all;
}

class SessionTest : public testing::Test {
 protected:
  using All = std::vector<std::string>;

  All exchange(const std::string& bytes) {
    sent.all.clear();
    last = session.receive(bytes);
    return read(sent.all);
  }
  void log_in() {
    exchange(hello());
    exchange(message('p', std::string("secret") + '\0'));
    backend.asked.clear();
  }
  All asked() { return std::exchange(backend.asked, {}); }

  FakeBackend backend;
  Cancels cancels;
  Sent sent;
  Session session{backend, cancels, sent, {}};
  Session::Wants last = Session::Wants::kBytes;
};

TEST_F(SessionTest, LogsIn) {
  EXPECT_EQ(exchange(hello()), (All{"R"}));
  const All greeting = exchange(message('p', std::string("secret") + '\0'));
  EXPECT_EQ(greeting.front(), "R");
  EXPECT_EQ(greeting.back(), "Z I");
  EXPECT_NE(sent.all.find("server_version"), std::string::npos);
  EXPECT_TRUE(session.logged_in());
}

TEST_F(SessionTest, RefusesAWrongPassword) {
  exchange(hello());
  EXPECT_EQ(exchange(message('p', std::string("wrong") + '\0')), (All{"E 28P01"}));
  EXPECT_EQ(last, Session::Wants::kEnd);
}

TEST_F(SessionTest, WantsTlsOnce) {
  EXPECT_TRUE(exchange(startup(kSslRequest, "")).empty());
  EXPECT_EQ(sent.all, "S");
  EXPECT_EQ(last, Session::Wants::kTls);
  session.tls_started("");
  exchange(startup(kSslRequest, ""));
  EXPECT_EQ(sent.all, "N");
}

TEST_F(SessionTest, RefusesBytesBehindTheTlsRequest) {
  exchange(startup(kSslRequest, "") + hello());
  EXPECT_EQ(last, Session::Wants::kEnd);
}

TEST_F(SessionTest, RefusesGssAndOldProtocols) {
  exchange(startup(kGssRequest, ""));
  EXPECT_EQ(sent.all, "N");
  EXPECT_EQ(exchange(startup(2 << 16, "")), (All{"E 0A000"}));
}

TEST_F(SessionTest, StartsWithOptions) {
  using std::string_literals::operator""s;
  exchange(
      hello("options\0-c search_path=a,b --timezone=Asia/Tokyo\0client_protocol_version\0"
            "2\0"s));
  exchange(message('p', "secret\0"s));
  EXPECT_EQ(backend.asked[0], "SET search_path TO 'a,b'");
  EXPECT_EQ(backend.asked[1], "SET timezone TO 'Asia/Tokyo'");
}

TEST_F(SessionTest, RunsSimpleQueries) {
  log_in();
  EXPECT_EQ(exchange(query("select 1")), (All{"T", "D", "D", "C SELECT", "Z I"}));
  EXPECT_EQ(exchange(query("insert into t values (1)")), (All{"C INSERT 0 2", "Z I"}));
  EXPECT_EQ(exchange(query(" ; ")), (All{"I", "Z I"}));
  EXPECT_EQ(asked(), (All{"select 1", "insert into t values (1)"}));
}

TEST_F(SessionTest, SeveralStatementsAreOneTransaction) {
  log_in();
  EXPECT_EQ(exchange(query("insert into t values (1); insert into t values (2)")),
            (All{"C INSERT 0 2", "C INSERT 0 2", "Z I"}));
  EXPECT_EQ(asked(), (All{"BEGIN", "insert into t values (1)", "insert into t values (2)", "COMMIT"}));
  EXPECT_EQ(exchange(query("insert into t values (1); broken; select 1")), (All{"C INSERT 0 2", "E 42601 27", "Z I"}));
  EXPECT_EQ(asked(), (All{"BEGIN", "insert into t values (1)", "broken", "fail", "ROLLBACK"}));
  EXPECT_EQ(exchange(query("begin; insert into t values (1)")), (All{"C OTHER", "C INSERT 0 2", "Z T"}));
  EXPECT_EQ(exchange(query("broken")), (All{"E 42601 1", "Z E"}));
  EXPECT_EQ(exchange(query("rollback")), (All{"C OTHER", "Z I"}));
}

TEST_F(SessionTest, CountsPositionsInCharacters) {
  log_in();
  EXPECT_EQ(exchange(query("/* \xC3\xA9\xC3\xA9 */ broken")), (All{"E 42601 10", "Z I"}));
}

const std::string kSync = message('S', "");

std::string parse(const std::string& name, const std::string& sql, const std::vector<uint32_t>& types = {}) {
  std::string body;
  Writer writer(body);
  writer.text(name).text(sql).int16(static_cast<int>(types.size()));
  for (const uint32_t type : types) writer.int32(type);
  return message('P', body);
}
std::string bind(const std::string& portal, const std::string& statement, const std::vector<std::string>& values = {}) {
  std::string body;
  Writer writer(body);
  writer.text(portal).text(statement).int16(0).int16(static_cast<int>(values.size()));
  for (const std::string& value : values) writer.value(value);
  writer.int16(0);
  return message('B', body);
}
std::string describe(char kind, const std::string& name) {
  return message('D', kind + name + '\0');
}
std::string execute(const std::string& portal, int rows = 0) {
  std::string body;
  Writer(body).text(portal).int32(rows);
  return message('E', body);
}

TEST_F(SessionTest, RunsPreparedStatements) {
  log_in();
  EXPECT_EQ(exchange(parse("s", "select $1, $2", {23, 0}) + describe('S', "s") + kSync), (All{"1", "t", "T", "Z I"}));
  EXPECT_EQ(exchange(bind("", "s", {"5", "x"}) + describe('P', "") + execute("") + kSync),
            (All{"2", "T", "D", "D", "C SELECT", "Z I"}));
  EXPECT_EQ(asked(), (All{"describe select $1, $2", "select $1, $2 [5 INTEGER] [x ]"}));
}

TEST_F(SessionTest, PortalsStopAtTheirLimit) {
  log_in();
  exchange(query("begin"));
  EXPECT_EQ(exchange(parse("", "select 1") + bind("p", "") + execute("p", 1) + kSync),
            (All{"1", "2", "D", "s", "Z T"}));
  EXPECT_EQ(exchange(execute("p", 1) + kSync), (All{"D", "C SELECT", "Z T"}));
}

TEST_F(SessionTest, WhatStandsBeforeASyncIsOneTransaction) {
  log_in();
  exchange(parse("i", "insert into t values ($1)") + kSync);
  asked();
  EXPECT_EQ(exchange(bind("", "i", {"1"}) + execute("") + kSync), (All{"2", "C INSERT 0 2", "Z I"}));
  EXPECT_EQ(asked(), (All{"insert into t values ($1) [1 ]"}));
  exchange(bind("", "i", {"1"}) + execute("") + bind("", "i", {"2"}) + execute("") + kSync);
  EXPECT_EQ(asked(), (All{"BEGIN", "insert into t values ($1) [1 ]", "insert into t values ($1) [2 ]", "COMMIT"}));
}

TEST_F(SessionTest, AfterAnErrorAllIsSkippedToTheSync) {
  log_in();
  EXPECT_EQ(exchange(bind("", "none") + execute("") + kSync), (All{"E 26000", "Z I"}));
  EXPECT_EQ(exchange(parse("", "select 1; select 2") + kSync), (All{"E 42601", "Z I"}));
  EXPECT_EQ(exchange(parse("", "select $1") + bind("", "") + kSync), (All{"1", "E 08P01", "Z I"}));
}

TEST_F(SessionTest, CopiesFromTheClient) {
  log_in();
  EXPECT_EQ(exchange(query("copy t (n, t) from stdin")), (All{"G"}));
  EXPECT_EQ(exchange(message('d', "1\tone\n2\t") + message('d', "\\N\n") + message('c', "")), (All{"C COPY 2", "Z I"}));
  EXPECT_EQ(asked(), (All{"describe SELECT \"n\",\"t\" FROM \"t\"", "BEGIN",
                          "INSERT INTO \"t\"(\"n\",\"t\") VALUES ('1','one'),('2',NULL)", "COMMIT"}));
  exchange(query("copy t from stdin"));
  EXPECT_EQ(exchange(message('d', "1\n") + kSync), (All{"E 22P04", "Z I", "Z I"}));
  exchange(query("copy t from stdin"));
  EXPECT_EQ(exchange(message('f', std::string("no more") + '\0')), (All{"E 57014", "Z I"}));
}

TEST_F(SessionTest, CopiesToTheClient) {
  log_in();
  EXPECT_EQ(exchange(query("copy t (n) to stdout; copy (select 1) to stdout with csv header")),
            (All{"H", "d", "d", "c", "C COPY 2", "H", "d", "d", "d", "c", "C COPY 2", "Z I"}));
  EXPECT_NE(sent.all.find("7\tsieben\n"), std::string::npos);
  EXPECT_NE(sent.all.find("n,t\n"), std::string::npos);
  EXPECT_EQ(asked(), (All{"SELECT \"n\" FROM \"t\"", "select 1"}));
}

TEST_F(SessionTest, ACancelNeedsTheKey) {
  log_in();
  const auto cancel = [&](int32_t pid, int32_t secret) {
    Session other(backend, cancels, sent, {});
    std::string body;
    Writer(body).int32(pid).int32(secret);
    EXPECT_EQ(other.receive(startup(kCancelRequest, body)), Session::Wants::kEnd);
  };
  cancel(session.key().pid, session.key().secret + 1);
  EXPECT_TRUE(asked().empty());
  cancel(session.key().pid, session.key().secret);
  EXPECT_EQ(asked(), (All{"cancel"}));
}

TEST_F(SessionTest, EndsWithWhatIsNoProtocol) {
  for (const std::string& bytes :
       {message('?', ""), std::string("Q\xFF\xFF\xFF\xFF", 5), std::string("Q\0\0\0\3", 5)}) {
    Session each(backend, cancels, sent, {});
    each.receive(hello());
    each.receive(message('p', std::string("secret") + '\0'));
    EXPECT_EQ(each.receive(bytes), Session::Wants::kEnd) << bytes;
  }
  EXPECT_EQ(exchange(startup(kProtocol3, "user")), (All{"E 08P01"}));
}

TEST_F(SessionTest, StopsWhenTheClientIsGone) {
  log_in();
  sent.gone = true;
  exchange(query("select 1"));
  EXPECT_EQ(last, Session::Wants::kEnd);
}

// Who prepares a statement and waits, learns what it takes, and what is wrong with it.
TEST_F(SessionTest, DescribesParameters) {
  log_in();
  using std::string_literals::operator""s;
  const std::string parse = message('P', "a\0select $1\0\0\0"s);
  exchange(parse + message('D', "Sa\0"s) + message('S', ""));
  const size_t at = sent.all.find('t');
  EXPECT_EQ(sent.all.substr(at + 5, 6), "\0\1\0\0\x04\x3a"s);  // one: date, 1082
  EXPECT_EQ(asked(), (All{"describe select $1"}));
  // .. and sends what it was told in binary.
  exchange(message('B', "p\0a\0\0\1\0\1\0\1\0\0\0\x04\0\0\0\1\0\0"s) + message('E', "p\0\0\0\0\0"s) + message('S', ""));
  EXPECT_EQ(asked(), (All{"select $1 [2000-01-02 DATE]"}));
  exchange(message('P', "b\0insert into t values ($1)\0\0\0"s) + message('S', ""));
  EXPECT_EQ(asked(), (All{"describe insert into t values ($1)"}));
  exchange(message('P', "c\0begin\0\0\0"s) + message('S', ""));
  EXPECT_EQ(asked(), (All{}));
}

// Names of Parse and of PREPARE are the same names: PostgreSQL's ODBC driver ends by SQL what it made by Parse.
TEST_F(SessionTest, DeallocatesWhatParseMade) {
  log_in();
  exchange(parse("plan", "select 1") + kSync);
  EXPECT_EQ(exchange(query("deallocate \"plan\"")), (All{"C DEALLOCATE", "Z I"}));
  EXPECT_EQ(exchange(parse("plan", "select 2") + kSync), (All{"1", "Z I"}));
  asked();
  exchange(query("deallocate other"));
  EXPECT_EQ(asked(), (All{"deallocate other"}));
}

// PostgreSQL: any error inside a transaction ends it, that of a portal that is not there too.
TEST_F(SessionTest, ErrorsOfTheProtocolFailTheTransaction) {
  log_in();
  using std::string_literals::operator""s;
  exchange(query("begin"));
  asked();
  EXPECT_EQ(exchange(message('E', "nosuch\0\0\0\0\0"s) + message('S', "")), (All{"E 34000", "Z E"}));
  EXPECT_EQ(asked(), (All{"fail"}));
}

}  // namespace
}  // namespace tarn::pgwire
