// word_stem(): Snowball's stemmers, which Trino's are made from as well.
#include <libstemmer.h>

#include <map>
#include <memory>

#include "base/text.h"
#include "sql/engine/trino_functions.h"

namespace tarn::sql::engine::trino {
namespace {

using duckdb::Value;
using std::string;

struct CloseStemmer {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};
using Stemmer = std::unique_ptr<sb_stemmer, CloseStemmer>;

// https://trino.io/docs/current/functions/string.html: the languages of word_stem
constexpr std::pair<std::string_view, const char*> kLanguages[] = {
    {"ca", "catalan"},    {"da", "danish"},   {"de", "german"},     {"en", "english"},   {"es", "spanish"},
    {"eu", "basque"},     {"fi", "finnish"},  {"fr", "french"},     {"hu", "hungarian"}, {"hy", "armenian"},
    {"ir", "irish"},      {"it", "italian"},  {"lt", "lithuanian"}, {"nl", "dutch"},     {"no", "norwegian"},
    {"pt", "portuguese"}, {"ro", "romanian"}, {"ru", "russian"},    {"sv", "swedish"},   {"tr", "turkish"}};

Value word_stem(const string& word, const string& language) {
  thread_local std::map<string, Stemmer> stemmers;  // each holds the word at hand
  Stemmer& stemmer = stemmers[language];
  if (!stemmer) {
    for (const auto& [code, name] : kLanguages)
      if (code == language) stemmer.reset(sb_stemmer_new(name, nullptr));
    if (!stemmer) {
      stemmers.erase(language);
      raise("INVALID_FUNCTION_ARGUMENT", "Unknown stemmer language: " + language);
    }
  }
  const auto* text = reinterpret_cast<const sb_symbol*>(word.data());
  const sb_symbol* stem = sb_stemmer_stem(stemmer.get(), text, static_cast<int>(word.size()));
  if (!stem) return Value(word);
  return Value(string(reinterpret_cast<const char*>(stem), static_cast<size_t>(sb_stemmer_length(stemmer.get()))));
}

}  // namespace

void add_stem_functions(Adder& adder) {
  const duckdb::LogicalType text = duckdb::LogicalType::VARCHAR;
  adder.add(by_row("t_word_stem", {text, text}, text, [](const auto& a) {
    return word_stem(duckdb::StringValue::Get(a[0]), duckdb::StringValue::Get(a[1]));
  }));
}

}  // namespace tarn::sql::engine::trino
