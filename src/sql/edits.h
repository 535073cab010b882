// Edits: replacements in a text, collected in any order, applied at once, with a map of positions. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sql/tokens_redshift.h"

namespace tarn::sql {

class Edits {
 public:
  // REQUIRES: ranges do not overlap. Insertions at one place keep their order.
  void replace(size_t begin, size_t end, std::string text) { edits_.push_back({begin, end, std::move(text)}); }
  void erase(size_t begin, size_t end) { replace(begin, end, ""); }
  void insert(size_t at, std::string text) { replace(at, at, std::move(text)); }

  std::string apply(std::string_view source, PositionMap& map) {
    std::stable_sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
    std::string out;
    size_t at = 0;
    for (const Edit& edit : edits_) {
      if (edit.begin < at) continue;  // inside of what an earlier edit took away
      map.add(out.size(), at, edit.begin - at);
      out += source.substr(at, edit.begin - at);
      map.add(out.size(), edit.begin, edit.end - edit.begin);
      out += edit.text;
      at = edit.end;
    }
    map.add(out.size(), at, source.size() - at);
    out += source.substr(at);
    return out;
  }

 private:
  struct Edit {
    size_t begin, end;
    std::string text;
  };
  std::vector<Edit> edits_;
};

}  // namespace tarn::sql
