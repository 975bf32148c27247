#include "lang/grammar/foreign_words.h"

#include <array>
#include <span>
#include <string>

namespace flow::lang {

namespace {

struct ForeignWord {
  std::string_view words; // parted by single spaces, in lower case
  std::string_view help;
};

constexpr std::array steps = {
    ForeignWord{"filter having", "rows are chosen by `where`: `| where price > 100`"},
    ForeignWord{"map project",
                "fields are chosen by `select { a, b: expression }` and added by `derive c = expression`"},
    ForeignWord{"assign extend with_column withcolumn mutate", "fields are added by `derive c = expression`"},
    ForeignWord{"flatmap flat_map explode", "the elements of a list become rows by `unnest list as x`"},
    ForeignWord{"group groupby group_by keyby key_by partition_by partitionby",
                "rows are grouped by `key a`, then summed up by `aggregate n = count()`"},
    ForeignWord{"order orderby order_by sort sortby sort_by limit take head",
                "an endless stream has no order; the first of each window are given by `top 10 by price desc`"},
    ForeignWord{"count sum min max avg reduce fold summarize summarise",
                "rows are summed up by `aggregate n = count(), s = sum(x)`"},
    ForeignWord{"distinct unique", "different values are counted by `aggregate n = count(distinct x)`"},
    ForeignWord{"tumbling hopping session tumble hop sliding", "a window is opened by `window tumbling(1h)`"},
    ForeignWord{"from", "a pipeline begins with its stream: `stream x = orders | where …`"},
    ForeignWord{"merge concat append", "streams are put together by `union other`"},
    ForeignWord{"set let", "fields are added by `derive c = expression`"},
    ForeignWord{"print write to into output emit sink",
                "a stream is written by a declaration: `sink NAME -> csv(\"out\")`"},
};

constexpr std::array declarations = {
    ForeignWord{"def func function fun proc", "a function is written `fn twice(x: i64) -> i64 = x * 2`"},
    ForeignWord{"const var val", "a constant is written `let limit = 500`"},
    ForeignWord{"struct record schema class interface", "a record type is written `type Fare = { id: i64, tip: f64 }`"},
    ForeignWord{"input read from", "input is declared by `source NAME: Type = csv(\"file.csv\")`"},
    ForeignWord{"output write print emit", "output is declared by `sink NAME -> csv(\"out\")`"},
    ForeignWord{"select with create insert where filter",
                "Flow is no SQL: a result is declared by `stream NAME = orders | where … | select { a, b }`"},
    ForeignWord{"use include using require package module", "another program is used by `import NAME`"},
    ForeignWord{"view query pipeline flow",
                "a result is declared by `stream NAME = orders | where … | select { a, b }`"},
    ForeignWord{"flag option arg args config", "what a deployment changes is declared by `param NAME: i64 = 4`"},
};

std::string in_lower_case(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view find(std::span<const ForeignWord> list, std::string_view word) {
  std::string wanted = ' ' + in_lower_case(word) + ' ';
  for (const ForeignWord& entry : list) {
    std::string words = ' ' + std::string(entry.words) + ' ';
    if (words.find(wanted) != std::string::npos) return entry.help;
  }
  return {};
}

} // namespace

std::string_view help_for_foreign_step(std::string_view word) { return find(steps, word); }
std::string_view help_for_foreign_declaration(std::string_view word) { return find(declarations, word); }

} // namespace flow::lang
