// MATCH_RECOGNIZE: patterns of rows. https://trino.io/docs/current/sql/match-recognize.html
// The parser (trino_match_parser.cc, trino_match_leaves.cc) takes DEFINE's and MEASURES' expressions apart: what they
// read of the rows of a match are leaves (the value of an expression at the row that FIRST, LAST, PREV and NEXT lead to, a
// label, a list for an aggregate), columns of a query that collects a partition's rows in a list; what stands around the
// leaves is bound over them as any expression is. The call "match" (trino_match.cc) gets both, finds the matches
// (trino_match_pattern.cc knows the patterns) and gives a list of structs: a row of the result each.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sql/engine/trino_manifest.h"

namespace tarn::sql::engine::trino {

// --- patterns (trino_match_pattern.cc)

// One step of the machine that tries a pattern.
struct Step {
  enum class Kind : uint8_t {
    kRow,     // takes a row as label `a`
    kEither,  // goes on at `a`; if that fails, at `b`
    kGo,      // goes on at `a`
    kFirst,   // only before the partition's first row
    kLast,    // only behind its last one
    kHide,    // rows are left out from here on: {-
    kShow,    // -}
    kEnter,   // a round of loop `a` begins
    kAgain,   // it ends; one that took no row fails
    kDone,
  };
  Kind kind = Kind::kDone;
  size_t a = 0, b = 0;
};

struct Pattern {
  std::vector<std::string> labels;  // in the order of their first place
  std::vector<Step> steps;
  size_t loops = 0;
  bool hides = false;  // has {- -}
};

// `text`: between the parentheses of PATTERN. `at`: its place. Raises SYNTAX_ERROR, INVALID_PATTERN ..
Pattern read_pattern(const std::string& text, duckdb::optional_idx at);

// --- what the parser finds

// A value of the rows of a match so far.
struct Leaf {
  enum class Kind : uint8_t {
    kValue,
    kLabel,
    kNumber,
    kValues,
    kLabels
  };  // the last two: of all rows, for an aggregate
  Kind kind = Kind::kValue;
  bool final = false, first = false;  // FINAL; FIRST and not LAST
  int64_t logical = 0, physical = 0;  // offsets
  std::vector<size_t> labels = {};    // the rows that count; none: all
  size_t column = 0;                  // of the rows
  bool operator==(const Leaf&) const = default;
};

enum class MatchRows : uint8_t { kOne, kShowEmpty, kOmitEmpty, kUnmatched };
enum class MatchSkip : uint8_t { kPastLast, kNext, kFirst, kLast };

struct Recognition {
  Pattern pattern;
  std::map<std::string, std::vector<size_t>> subsets;
  MatchRows rows = MatchRows::kOne;
  MatchSkip skip = MatchSkip::kPastLast;
  std::vector<size_t> skip_to;
  std::vector<Leaf> leaves;
  std::vector<size_t> defined;        // the label of each expression of DEFINE
  duckdb::vector<ParsedPtr> columns;  // what is evaluated for each row beforehand
  // While expressions are read:
  bool in_define = false;
  bool in_argument = false;  // of a navigation or an aggregate
  std::optional<std::vector<size_t>> argument_labels;

  // The labels of a variable or a subset; nullopt: there is none of that name.
  std::optional<std::vector<size_t>> labels_of(const std::string& name) const;
};

// The column that a leaf's type is read off.
inline std::string leaf_name(size_t leaf) {
  return "tarn_leaf" + std::to_string(leaf);
}

// What "match" needs beside the bound expressions, as one constant.
std::string written(const Recognition& recognition, const std::string& pattern_text);

std::vector<Special> match_specials();  // trino_match.cc

}  // namespace tarn::sql::engine::trino
