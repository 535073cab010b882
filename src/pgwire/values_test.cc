// Values in binary, which drivers choose for speed and nobody reads by eye; COPY's two formats.
#include "pgwire/values.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "pgwire/arrays.h"
#include "pgwire/copy_in.h"

namespace tarn::pgwire {
namespace {

std::string binary(const std::string& type, const sql::Cell& cell) {
  std::string out;
  Writer writer(out);
  const auto done = write_cell(writer, cell, {.type = type}, Format::kBinary);
  return done ? hex(std::string_view(out).substr(4)) : "refused";
}
sql::Cell text(sql::CellKind kind, std::string_view value) {
  return {.null = false, .kind = kind, .text = value};
}
sql::Cell whole(int64_t value) {
  return {.null = false, .kind = sql::CellKind::kInt, .integer = value};
}

TEST(ValuesTest, BinaryOut) {
  using enum sql::CellKind;
  EXPECT_EQ(binary("int4", whole(-2)), "fffffffe");
  EXPECT_EQ(binary("int8", whole(258)), "0000000000000102");
  EXPECT_EQ(binary("date", text(kText, "2000-01-02")), "00000001");
  EXPECT_EQ(binary("date", text(kText, "1999-12-31")), "ffffffff");
  EXPECT_EQ(binary("timestamp", text(kText, "2000-01-01 00:00:01.5")), "000000000016e360");
  EXPECT_EQ(binary("timestamptz", text(kText, "2000-01-01 00:00:01.5+00")), "000000000016e360");
  EXPECT_EQ(binary("time", text(kText, "00:00:01")), "00000000000f4240");
  EXPECT_EQ(binary("numeric", text(kDecimal, "12345.67")), "0003000100000002000109291a2c");
  EXPECT_EQ(binary("numeric", text(kDecimal, "-0.0001")), "0001ffff400000040001");
  EXPECT_EQ(binary("numeric", text(kDecimal, "0.00")), "0000000000000002");
  EXPECT_EQ(binary("varchar", text(kText, "ab")), "6162");
  EXPECT_EQ(binary("interval", text(kText, "1 day")), "0000000000000000" "00000001" "00000000");
  EXPECT_EQ(binary("interval", text(kText, "1 year 2 mons -3 days -00:00:01.5")), "ffffffffffe91ca0" "fffffffd" "0000000e");
  EXPECT_EQ(binary("interval", text(kText, "a while")), "refused");
  EXPECT_EQ(binary("timetz", text(kText, "00:00:01+02")), "00000000000f4240" "ffffe3e0");
  EXPECT_EQ(binary("timetz", text(kText, "00:00:01-03:30")), "00000000000f4240" "00003138");
}

TEST(ValuesTest, BinaryIn) {
  const auto param = [](uint32_t oid, std::string_view bytes) {
    const auto read = param_of(1, oid, unhex(bytes).value(), Format::kBinary);
    return read ? *read->value + " " + read->type : "refused";
  };
  EXPECT_EQ(param(23, "fffffffe"), "-2 INTEGER");
  EXPECT_EQ(param(23, "fffe"), "refused");
  EXPECT_EQ(param(1082, "ffffffff"), "1999-12-31 DATE");
  EXPECT_EQ(param(1114, "000000000016e360"), "2000-01-01 00:00:01.500 TIMESTAMP");
  EXPECT_EQ(param(1700, "0003000100000002000109291a2c"), "12345.67 DECIMAL(38,2)");
  EXPECT_EQ(param(1700, "0001ffff400000040001"), "-0.0001 DECIMAL(38,4)");
  EXPECT_EQ(param(1700, "0001fffe000000080001"), "0.00000001 DECIMAL(38,8)");
  EXPECT_EQ(param(1700, "00010001000000000002"), "20000 DECIMAL(38,0)");
  EXPECT_EQ(param(1700, "7fff7fff000000000002"), "refused");
  EXPECT_EQ(param(1186, "00000000000f4240" "00000001" "0000000e"), "14 months 1 days 1000000 microseconds INTERVAL");
  EXPECT_EQ(param(1266, "00000000000f4240" "ffffe3e0"), "00:00:01+02:00 TIMETZ");
  EXPECT_EQ(param(1266, "ffffffff000f4240" "00000000"), "refused");
  EXPECT_EQ(param(16, "01"), "true BOOLEAN");
  EXPECT_EQ(param(600, "01"), "refused");
}

// As PostgreSQL sends them: dimensions, whether there are NULLs, the elements' type, then the first dimension's size and start.
TEST(ValuesTest, ArraysInBinary) {
  const auto array = [](std::string_view type, std::string_view text) {
    std::string out;
    Writer writer(out);
    return write_array(writer, type, text) ? hex(out) : "refused";
  };
  EXPECT_EQ(array("_int2", "{1,-1}"),
            "00000020" "00000001" "00000000" "00000015" "00000002" "00000001" "00000002" "0001" "00000002" "ffff");
  EXPECT_EQ(array("oidvector", "23"), "0000001c" "00000001" "00000000" "0000001a" "00000001" "00000000" "00000004" "00000017");
  EXPECT_EQ(array("_text", "{\"a,b\",NULL}"),
            "0000001f" "00000001" "00000001" "00000019" "00000002" "00000001" "00000003" "612c62" "ffffffff");
  EXPECT_EQ(array("_text", "{}"), "0000000c" "00000000" "00000000" "00000019");
  EXPECT_EQ(array("_int4", "{x}"), "refused");
  EXPECT_EQ(array("_int4", "no array"), "refused");
}

// A driver that names no type sends a date with its calendar's zone; what is named as text stays as it is.
TEST(ValuesTest, DatesWithZones) {
  const auto taken = [](uint32_t oid, std::string_view text) { return *param_of(1, oid, text, Format::kText)->value; };
  EXPECT_EQ(taken(0, "2024-02-29 +00"), "2024-02-29 00:00:00+00");
  EXPECT_EQ(taken(0, "2024-02-29 -03:30"), "2024-02-29 00:00:00-03:30");
  EXPECT_EQ(taken(1043, "2024-02-29 +00"), "2024-02-29 +00");
  EXPECT_EQ(taken(0, "2024-02-29"), "2024-02-29");
  EXPECT_EQ(taken(0, "some words +00"), "some words +00");
}

std::string copied(const std::string& statement, const std::string& data) {
  const auto parsed = sql::split_statements(statement);
  auto options = CopyIn::parse(parsed->at(0));
  if (!options) return "refused";
  if (!*options) return "no COPY";
  CopyIn::Options known = **options;
  if (known.columns.empty()) known.columns = {"a", "b"};
  CopyIn copy(known);
  for (const char c : data)
    if (const Status fed = copy.feed({&c, 1}); !fed) return fed.error().message;
  if (const Status ended = copy.finish(); !ended) return ended.error().message;
  const auto insert = copy.take(true);
  return insert ? insert->substr(insert->find("VALUES ") + 7) : "nothing";
}

TEST(ValuesTest, CopyIn) {
  EXPECT_EQ(copied("copy t from stdin", "1\tx\\ty\n\\N\tit's\\\\\n"), "('1','x\ty'),(NULL,'it''s\\\\')");
  EXPECT_EQ(copied("copy t from stdin", "1\t2\n\\.\n3\t4\n"), "('1','2')");
  EXPECT_EQ(copied("copy t from stdin csv", "1,\"x,\"\"y\"\"\nz\"\r\n,\"\""), "('1','x,\"y\"\nz'),(NULL,'')");
  EXPECT_EQ(copied("copy t (a, b) from stdin with (format csv, header, delimiter ';')", "a;b\n1;2\n"), "('1','2')");
  EXPECT_EQ(copied("copy t from stdin with delimiter '|' null 'nil'", "nil|2\n"), "(NULL,'2')");
  EXPECT_EQ(copied("copy t from stdin", "1\n"), "missing data for column \"b\" in line 1");
  EXPECT_EQ(copied("copy t from stdin", "1\t2\t3\n"), "extra data after last expected column in line 1");
  EXPECT_EQ(copied("copy t from stdin csv", "1,\"2"), "unterminated CSV quoted field in line 1");
  EXPECT_EQ(copied("copy t from stdin with (format binary)", ""), "refused");
  EXPECT_EQ(copied("copy t from 's3://b/k' iam_role default", ""), "no COPY");
}

TEST(ValuesTest, CopyOut) {
  const std::vector<std::optional<std::string>> row = {"a\tb\\", std::nullopt, "", "x,\"y\""};
  EXPECT_EQ(copy_line({}, row), "a\\tb\\\\\t\\N\t\tx,\"y\"\n");
  EXPECT_EQ(copy_line({.csv = true, .delimiter = ',', .null_text = ""}, row), "a\tb\\,,\"\",\"x,\"\"y\"\"\"\n");
}

}  // namespace
}  // namespace tarn::pgwire
