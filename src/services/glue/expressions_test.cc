// Partition expressions decide which files a query reads: one row too few is a wrong answer that nobody sees. So the
// grammar, the typed comparisons and the refusals are each a table here.
#include "services/glue/expressions.h"

#include <gtest/gtest.h>

namespace tarn::glue {
namespace {

const std::vector<PartitionKey> kKeys = {{"country", "string"},   {"year", "int"},         {"price", "decimal(10,2)"},
                                         {"day", "date"},         {"at", "timestamp"},     {"ratio", "float"},
                                         {"zone", "varchar(20)"}, {"population", "bigint"}};
const std::vector<std::string> kRow = {
    "peru", "9", "2.60", "2024-11-01", "2024-11-01 06:30:00", "0.5", "Amazonas", std::string(kNullPartition)};

struct Case {
  const char* expression;
  bool matches;
};

class Matches : public testing::TestWithParam<Case> {};

TEST_P(Matches, row) {
  const auto expression = Expression::parse(GetParam().expression, kKeys);
  ASSERT_TRUE(expression) << GetParam().expression << ": " << expression.error().message;
  const auto result = expression->matches(kRow);
  ASSERT_TRUE(result) << GetParam().expression << ": " << result.error().message;
  EXPECT_EQ(*result, GetParam().matches) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(comparisons, Matches,
                         testing::Values(Case{"country = 'peru'", true}, Case{"country = 'Peru'", false},
                                         Case{"COUNTRY='peru'", true}, Case{"\"country\" = 'peru'", true},
                                         Case{"`country` = 'peru'", true}, Case{"'peru' = country", true},
                                         Case{"country <> 'peru'", false}, Case{"country != 'chile'", true},
                                         Case{"country > 'oman'", true}, Case{"country <= 'peru'", true},
                                         Case{"country = 9", false}, Case{"country = 'it''s'", false},
                                         // As numbers, 9 is less than 10; as texts it would not be.
                                         Case{"year < 10", true}, Case{"year < '10'", true}, Case{"10 > year", true},
                                         Case{"10 < year", false}, Case{"year >= 9", true}, Case{"year = -9", false},
                                         Case{"year = 09", true}, Case{"zone = 'Amazonas'", true},
                                         Case{"price = 2.6", true}, Case{"price = '2.600'", true},
                                         Case{"price = 26e-1", true}, Case{"price < 10", true},
                                         Case{"price > -3", true}, Case{"price = 2.6000000000000000000001", false},
                                         Case{"day = '2024-11-01'", true}, Case{"day < DATE '2024-11-02'", true},
                                         Case{"at > '2024-11-01'", true}, Case{"at = '2024-11-01T06:30:00'", true},
                                         Case{"at < TIMESTAMP '2024-11-01 06:30:00.5'", true}));

INSTANTIATE_TEST_SUITE_P(lists_ranges_patterns, Matches,
                         testing::Values(Case{"year IN (1, 9)", true}, Case{"year in ('1', '9')", true},
                                         Case{"year NOT IN (1, 9)", false}, Case{"year IN (1)", false},
                                         Case{"country IN ('chile','peru')", true}, Case{"year BETWEEN 9 AND 10", true},
                                         Case{"year between 10 and 12", false},
                                         Case{"year NOT BETWEEN 10 AND 12", true},
                                         Case{"day BETWEEN '2024-10-01' AND '2024-11-30'", true},
                                         Case{"country LIKE 'p%'", true}, Case{"country LIKE '_er_'", true},
                                         Case{"country LIKE 'per'", false}, Case{"country LIKE '%'", true},
                                         Case{"country LIKE '%p%r%'", true}, Case{"country LIKE '%p%z%'", false},
                                         Case{"country NOT LIKE '%u'", false}, Case{"country LIKE 'peru%'", true}));

INSTANTIATE_TEST_SUITE_P(logic, Matches,
                         testing::Values(Case{"year = 9 AND country = 'peru'", true},
                                         Case{"year = 1 OR country = 'peru'", true},
                                         // AND binds closer than OR, NOT closer than AND.
                                         Case{"year = 9 OR year = 1 AND country = 'chile'", true},
                                         Case{"(year = 9 OR year = 1) AND country = 'chile'", false},
                                         Case{"NOT year = 1 AND country = 'peru'", true},
                                         Case{"NOT (year = 1 AND country = 'peru')", true},
                                         Case{"NOT NOT year = 9", true}, Case{"((year)) = ((9))", true},
                                         Case{"((year = 9) AND (((country)) = 'peru'))", true},
                                         Case{"year BETWEEN 1 AND 9 AND country = 'chile'", false}));

// A NULL is neither equal nor unequal to anything.
INSTANTIATE_TEST_SUITE_P(nulls, Matches,
                         testing::Values(Case{"population IS NULL", true}, Case{"population IS NOT NULL", false},
                                         Case{"country IS NULL", false}, Case{"country IS NOT NULL", true},
                                         Case{"population = 1", false}, Case{"population <> 1", false},
                                         Case{"NOT population = 1", false}, Case{"population NOT IN (1)", false},
                                         Case{"population = 1 OR year = 9", true},
                                         Case{"population = 1 AND year = 1", false},
                                         Case{"NOT (population = 1 AND year = 1)", true}));

TEST(Expression, character_of_several_bytes_is_one_for_like) {
  const auto expression = Expression::parse("country LIKE '_sland'", kKeys);
  ASSERT_TRUE(expression);
  auto row = kRow;
  row[0] = "\xC3\xAEsland";
  EXPECT_TRUE(*expression->matches(row));
}

struct Refusal {
  const char* expression;
  const char* message_part;
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, with_what_and_where) {
  const auto expression = Expression::parse(GetParam().expression, kKeys);
  ASSERT_FALSE(expression) << GetParam().expression;
  EXPECT_EQ(expression.error().code, "InvalidInputException");
  EXPECT_NE(expression.error().message.find(GetParam().message_part), std::string::npos) << expression.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    errors, Refused,
    testing::Values(
        Refusal{"", "a literal is missing"}, Refusal{"year", "an operator is missing, at position 5"},
        Refusal{"year =", "a literal is missing"}, Refusal{"year = 1 2", "should end here, at position 10"},
        Refusal{"(year = 1", "closing parenthesis"}, Refusal{"year = 1)", "should end here"},
        Refusal{"year + 1 = 2", "'+' is no operator"}, Refusal{"country = 'peru", "position 11 is not closed"},
        Refusal{"month = 1", "Unknown column 'month'"}, Refusal{"(month = 1)", "Unknown column 'month'"},
        Refusal{"year = 'x'", "x is not an integer"}, Refusal{"year IN (2.5)", "2.5 is not an integer"},
        Refusal{"price = 'x'", "x is not a decimal"}, Refusal{"price = 1.2.3", "1.2.3 is not a decimal"},
        Refusal{"day = '2024-13-01'", "is not a date"}, Refusal{"day = '2024-11-01 00:00:00'", "is not a date"},
        Refusal{"at = 'now'", "is not a timestamp"}, Refusal{"year LIKE '1'", "Integral data type doesn't support"},
        Refusal{"price LIKE '1'", "Decimal data type doesn't support"},
        Refusal{"ratio = 0.5", "Unknown type : 'float'"}, Refusal{"year = country", "a literal on the other"},
        Refusal{"1 = 1", "a literal on the other"}, Refusal{"1 IN (1)", "a partition key should stand"},
        Refusal{"year IN ()", "a literal is missing"}, Refusal{"year IN 1", "a list in parentheses"},
        Refusal{"year BETWEEN 1 OR 2", "AND is missing"}, Refusal{"year IS 1", "NULL is missing"},
        Refusal{"year NOT 1", "LIKE, BETWEEN or IN"}, Refusal{"lower(country) = 'x'", "Unknown column 'lower'"}));

TEST(Expression, deep_nesting_is_refused_and_does_not_overflow) {
  for (const char* unit : {"(", "NOT "}) {
    std::string text;
    for (int i = 0; i < 2000; ++i) text += unit;
    const auto expression = Expression::parse(text + "year = 1", kKeys);
    ASSERT_FALSE(expression);
    EXPECT_NE(expression.error().message.find("nested too deeply"), std::string::npos);
  }
}

TEST(Expression, value_of_another_type_than_its_key_is_a_broken_state) {
  auto row = kRow;
  row[1] = "nine";
  const auto result = Expression::parse("year = 9", kKeys)->matches(row);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "InvalidStateException");
  EXPECT_NE(result.error().message.find("\"nine\" is not an integer"), std::string::npos);
}

TEST(Expression, partition_with_fewer_values_than_keys_is_a_broken_state) {
  const auto result = Expression::parse("year = 9", kKeys)->matches({"peru"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "InvalidStateException");
}

TEST(Decimal, order) {
  const char* sorted[] = {
      "-1e20", "-10", "-9.99", "-0.001", "0", "0.0009", "0.001", "9.99", "10", "99999999999999999999", "1e20"};
  for (size_t i = 0; i < std::size(sorted); ++i)
    for (size_t j = 0; j < std::size(sorted); ++j)
      EXPECT_EQ(*Decimal::parse(sorted[i]) <=> *Decimal::parse(sorted[j]), i <=> j) << sorted[i] << " " << sorted[j];
  EXPECT_EQ(Decimal::parse("-0.0"), Decimal::parse("000"));
  for (const char* bad : {"", "-", ".", "1e", "1e9999999", "0x1", "1 "}) EXPECT_FALSE(Decimal::parse(bad)) << bad;
}

}  // namespace
}  // namespace tarn::glue
