// The lexer is what every other part of the SQL front trusts: what it takes for a string can hide a ';', and what it
// does not can end a statement early.
#include "sql/lex.h"

#include <gtest/gtest.h>

#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

// Tokens as one line: kind letter, text.
std::string shown(std::string_view sql) {
  const auto tokens = lex(sql);
  if (!tokens) return "error: " + tokens.error().message;
  std::string out;
  for (const Token& token : *tokens) {
    if (token.kind == TokenKind::kEnd) break;
    constexpr std::string_view kLetters = "wqbsnp$?o";
    if (!out.empty()) out += ' ';
    out += kLetters[static_cast<size_t>(token.kind)];
    out += '<' + token.text + '>';
  }
  return out;
}

TEST(Lex, Tokens) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT a.B", "w<select> w<a> o<.> w<b>"},
      {"\"A b\" \"x\"\"y\"", "q<A b> q<x\"y>"},
      {"'it''s' 'it\\'s' 'a\\tb' '\\\\d' '\\101'", "s<it's> s<it's> s<a\tb> s<\\d> s<A>"},
      {"E'a\\\\b''' e'x' xe 'y' e", "s<a\\b'> s<x> w<xe> s<y> w<e>"},
      {"$$a;'b$$ $x$ $$ $x$", "s<a;'b> s< $$ >"},
      {"#t x#y", "w<#t> w<x> w<#y>"},
      {":name a::int :=", "p<name> w<a> o<::> w<int> o<:=>"},
      {"$1 ? 1 1.5 .5 1e-3 1..10", "$<1> ?<?> n<1> n<1.5> n<.5> n<1e-3> n<1> o<..> n<10>"},
      {"a<>b||c!~*d", "w<a> o<<>> w<b> o<||> w<c> o<!~*> w<d>"},
      {"a /* x /* y */ ; */ b -- c\nd", "w<a> w<b> w<d>"},
      {"IAMR:role", "w<iamr> p<role>"},
      {"`db.t`", "b<db.t>"},
      {"été", "w<été>"},
      {"'abc", "error: unterminated quoted string at or near \"'abc\""},
      {"$$abc", "error: unterminated dollar-quoted string at or near \"$$abc\""},
      {"/* abc", "error: unterminated /* comment at or near \"/* abc\""},
      {"a \\ b", "error: syntax error at or near \"\\\""},
  };
  for (const auto& [sql, expected] : cases) EXPECT_EQ(shown(sql), expected) << sql;
}

TEST(Lex, SplitsAtSemicolonsOutsideOfStrings) {
  const auto all =
      split_statements(" select ';' ; -- x;\n;; create procedure p() as $$ begin; end; $$ language plpgsql;select 2 ");
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].text, "select ';'");
  EXPECT_EQ((*all)[0].offset, 1u);
  EXPECT_EQ((*all)[1].text, "create procedure p() as $$ begin; end; $$ language plpgsql");
  EXPECT_EQ((*all)[2].text, "select 2");
  EXPECT_EQ((*all)[2].tokens[1].begin, 7u);
}

TEST(Lex, PositionOfAnErrorIsOneBased) {
  const auto tokens = lex("ab 'x");
  ASSERT_FALSE(tokens);
  EXPECT_EQ(error_member(tokens.error(), "position"), "4");
  EXPECT_EQ(sqlstate_of(tokens.error()), "42601");
}

}  // namespace
}  // namespace tarn::sql
