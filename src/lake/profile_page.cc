// A profile's report as one HTML file: numbers beside small plots, nothing to be fetched.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "lake/profile.h"

namespace tarn::lake {
namespace {

constexpr const char* kStyle =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 "
    "1rem;color:#1b2733;background:#fff}"
    "h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:0}p{margin:.2rem 0;color:#556}"
    "section{border-top:1px solid #dde3ea;padding:1rem 0;display:grid;grid-template-columns:20rem 1fr;gap:1.5rem}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.1rem .8rem .1rem "
    "0;text-align:left;"
    "vertical-align:top;font-weight:normal}th{color:#556}svg{max-width:100%;height:auto}"
    "svg text{font:11px system-ui,sans-serif;fill:currentColor}.bar{fill:#3a7ca5}.miss{fill:#d8a47f}"
    "@media(max-width:45rem){section{grid-template-columns:1fr}}"
    "@media(prefers-color-scheme:dark){body{background:#12181f;color:#dbe4ee}p,th{color:#9ab}section{border-color:#"
    "2a3643}"
    ".bar{fill:#5fa8d3}}";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

std::string cut(std::string text, size_t length) {
  if (utf8_length(text) <= length) return text;
  size_t at = 0;
  for (size_t n = 0; n < length - 1 && at < text.size(); ++n) do
      ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  return text.substr(0, at) + "…";
}

std::string shown(const Json& value) {
  if (!value.is_number() || parse_int(value.as_string())) return value.as_string();
  return fmt::format("{:.6g}", value.as_double());
}

// Upright bars over a range of numbers.
std::string histogram(const Json& bins) {
  constexpr double kWidth = 480, kHeight = 140;
  int64_t most = 1;
  for (const Json& bin : bins.items()) most = std::max(most, bin["frequency"].as_int());
  const double step = kWidth / static_cast<double>(std::max<size_t>(1, bins.size()));
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\">", kWidth, kHeight + 20, kWidth);
  for (size_t i = 0; i < bins.size(); ++i) {
    const Json& bin = bins.at(i);
    const double height = kHeight * static_cast<double>(bin["frequency"].as_int()) / static_cast<double>(most);
    out += fmt::format(
        "<rect class=\"bar\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{} to {}: "
        "{}</title></rect>",
        static_cast<double>(i) * step, kHeight - height, std::max(1.0, step - 1), height, shown(bin["low"]),
        shown(bin["high"]), bin["frequency"].as_int());
  }
  if (bins.size() > 0)
    out += fmt::format("<text x=\"0\" y=\"{0}\">{1}</text><text x=\"{2}\" y=\"{0}\" text-anchor=\"end\">{3}</text>",
                       kHeight + 15, escaped(shown(bins.at(0)["low"])), kWidth,
                       escaped(shown(bins.at(bins.size() - 1)["high"])));
  return out + "</svg>";
}

// The commonest values, a bar each.
std::string common_values(const Json& values) {
  constexpr size_t kMost = 10;
  constexpr double kBarAt = 170, kWidth = 480, kLine = 19;
  const size_t count = std::min(kMost, values.size());
  int64_t most = 1;
  for (const Json& value : values.items()) most = std::max(most, value["frequency"].as_int());
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\">", kWidth,
                                kLine * static_cast<double>(count) + 2, kWidth);
  for (size_t i = 0; i < count; ++i) {
    const Json& value = values.at(i);
    const double y = kLine * static_cast<double>(i), width = (kWidth - kBarAt - 60) *
                                                             static_cast<double>(value["frequency"].as_int()) /
                                                             static_cast<double>(most);
    out += fmt::format(
        "<text x=\"0\" y=\"{:.0f}\">{}</text><rect class=\"bar\" x=\"{}\" y=\"{:.0f}\" width=\"{:.1f}\" "
        "height=\"13\"/><text x=\"{:.0f}\" y=\"{:.0f}\">{}</text>",
        y + 13, escaped(cut(value["value"].as_string(), 24)), kBarAt, y + 2, std::max(1.0, width), kBarAt + width + 6,
        y + 13, value["frequency"].as_int());
  }
  return out + "</svg>";
}

std::string facts(const Json& column) {
  static constexpr std::pair<const char*, const char*> kFacts[] = {{"missingValuesCount", "missing"},
                                                                   {"distinctValuesCount", "distinct"},
                                                                   {"uniqueValuesCount", "once only"},
                                                                   {"min", "least"},
                                                                   {"percentile25", "lower quartile"},
                                                                   {"median", "median"},
                                                                   {"mean", "mean"},
                                                                   {"percentile75", "upper quartile"},
                                                                   {"max", "greatest"},
                                                                   {"standardDeviation", "standard deviation"},
                                                                   {"skewness", "skewness"},
                                                                   {"kurtosis", "kurtosis"},
                                                                   {"zerosCount", "zeros"},
                                                                   {"outliersCount", "outliers"},
                                                                   {"minLength", "shortest"},
                                                                   {"averageLength", "mean length"},
                                                                   {"maxLength", "longest"},
                                                                   {"entropy", "entropy"}};
  std::string out = "<table>";
  for (const auto& [member, label] : kFacts)
    if (const Json* value = column.find(member); value != nullptr && !value->is_null())
      out += fmt::format("<tr><th>{}</th><td>{}</td></tr>", label, escaped(shown(*value)));
  return out + "</table>";
}

// A square for each pair: blue together, red against each other.
std::string correlation_plot(const Json& pairs) {
  std::vector<std::string> names;
  for (const Json& pair : pairs.items())
    for (const Json& name : pair["columns"].items())
      if (std::ranges::find(names, name.as_string()) == names.end()) names.push_back(name.as_string());
  if (names.size() < 2) return "";
  constexpr double kCell = 34, kLeft = 150;
  const double side = kCell * static_cast<double>(names.size());
  std::string out = fmt::format(
      "<h2>Correlations</h2><svg viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" role=\"img\">", kLeft + side, side);
  const auto place = [&](const Json& name) {
    return static_cast<double>(std::ranges::find(names, name.as_string()) - names.begin());
  };
  for (size_t i = 0; i < names.size(); ++i)
    out += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"end\">{}</text>", kLeft - 6,
                       kCell * (static_cast<double>(i) + 0.6), escaped(cut(names[i], 22)));
  for (const Json& pair : pairs.items()) {
    const double value = pair["value"].as_double(), a = place(pair["columns"].at(0)), b = place(pair["columns"].at(1));
    for (const auto& [x, y] : {std::pair{a, b}, std::pair{b, a}})
      out += fmt::format(
          "<rect x=\"{:.0f}\" y=\"{:.0f}\" width=\"{}\" height=\"{}\" fill=\"{}\" fill-opacity=\"{:.2f}\"><title>{} "
          "and {}: {:.3f}</title></rect>",
          kLeft + x * kCell, y * kCell, kCell - 2, kCell - 2, value < 0 ? "#c1553b" : "#3a7ca5",
          0.08 + 0.92 * std::abs(value), escaped(pair["columns"].at(0).as_string()),
          escaped(pair["columns"].at(1).as_string()), value);
  }
  return out + "</svg>";
}

}  // namespace

std::string profile_page(const Json& report, const std::string& title) {
  std::string out = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
      "<title>{0}</title><style>{1}</style><h1>{0}</h1><p>{2} rows, {3} columns",
      escaped(title), kStyle, report["sampleSize"].as_int(), report["columnsCount"].as_int());
  if (report.find("duplicateRowsCount") != nullptr)
    out += fmt::format(", {} rows twice or more", report["duplicateRowsCount"].as_int());
  out += "</p>";
  for (const Json& column : report["columns"].items()) {
    out += fmt::format("<section><div><h2>{}</h2><p>{}</p>{}</div><div>", escaped(column["name"].as_string()),
                       escaped(column["type"].as_string()), facts(column));
    if (column.find("valueDistribution") != nullptr)
      out += histogram(column["valueDistribution"]);
    else if (column["mostCommonValues"].size() > 0)
      out += common_values(column["mostCommonValues"]);
    out += "</div></section>";
  }
  return out + correlation_plot(report["correlations"]) + "</html>\n";
}

}  // namespace tarn::lake
