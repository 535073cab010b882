// SQL texts up to the engine: split, recognised, or rewritten into what the engine parses.

#include <algorithm>

#include "fuzz.h"
#include "sql/sql_error.h"
#include "sql/stmt_redshift.h"
#include "sql/tokens_redshift.h"

namespace {

using namespace tarn;
using namespace tarn::sql;

// Errors are SQL's, and point into the text.
void require_words(const Error& error, size_t size) {
  fuzz::require(sqlstate_of(error).size() == 5 && !error.message.empty());
  const std::string position = error_member(error, "position");
  if (!position.empty()) fuzz::require(std::stoull(position) >= 1 && std::stoull(position) <= size + 1);
}

void require_tokens(const std::vector<Token>& tokens, size_t size) {
  fuzz::require(!tokens.empty() && tokens.back().kind == TokenKind::kEnd);
  uint32_t at = 0;
  for (const Token& token : tokens) {
    fuzz::require(token.begin >= at && token.end >= token.begin && token.end <= size);
    at = token.end;
  }
}

void try_statement(const StatementText& statement) {
  const size_t size = statement.text.size();
  require_tokens(statement.tokens, size);
  const auto recognised = recognise_redshift(statement);
  if (!recognised) return require_words(recognised.error(), size);
  if (const auto* show = std::get_if<ShowVariable>(&*recognised))
    fuzz::planted_fault(show->name != "all");  // the corpus
  if (!std::holds_alternative<EngineStatement>(*recognised)) return;
  const auto text = to_engine(statement);
  if (!text) return require_words(text.error(), size);
  (void)text->map.source(text->sql.size());
  // The engine's strings know no backslash; its parameters are not ours.
  const bool parameters = std::ranges::any_of(statement.tokens, [](const Token& token) {
    return token.kind == TokenKind::kNamedParam || token.kind == TokenKind::kQuestion;
  });
  if (!parameters) fuzz::require(lex(text->sql, {.backslash_escapes = false}).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto statements = split_statements(text);
  if (!statements) {
    require_words(statements.error(), size);
    return 0;
  }
  for (const StatementText& statement : *statements) {
    fuzz::require(text.substr(statement.offset).starts_with(statement.text));
    try_statement(statement);
  }
  return 0;
}
