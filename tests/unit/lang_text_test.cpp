// What lies beneath the parser: arena, places in texts, diagnostics, nearest words, values of literals.
// Alone: build/bin/tests/lang_test --gtest_filter='Lang*'
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>
#include <set>

#include "lang/base/utf8.h"
#include "lang/diagnostics/nearest.h"
#include "lang/grammar/literals.h"
#include "tests/unit/lang_fixture.h"

namespace flow::lang {
namespace {

TEST(LangArena, KeepsWhatItWasGiven) {
  Arena arena;
  std::vector<std::pair<int*, int>> made;
  std::vector<std::pair<std::string_view, std::string>> texts;
  for (int i = 0; i < 20'000; ++i) {
    made.emplace_back(arena.make<int>(i), i);
    std::string text(static_cast<size_t>(i % 97), static_cast<char>('a' + i % 26));
    texts.emplace_back(arena.copy(std::string_view(text)), text);
  }
  for (auto [place, value] : made) {
    ASSERT_EQ(*place, value);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(place) % alignof(int), 0u);
  }
  for (auto& [kept, text] : texts) ASSERT_EQ(kept, text);
}

TEST(LangArena, TakesWhatIsLargerThanABlock) {
  Arena arena;
  std::string text(1'000'000, 'x');
  std::string_view kept = arena.copy(std::string_view(text));
  EXPECT_EQ(kept, text);
  EXPECT_EQ(*arena.make<int64_t>(7), 7);
}

TEST(LangSource, CountsLinesAndCodePoints) {
  SourceFile file(FileId{0}, "x.flow", "ab\nα→c\r\n\nend");
  EXPECT_EQ(file.line_count(), 4u);
  EXPECT_EQ(file.position(0), (LineColumn{1, 1}));
  EXPECT_EQ(file.position(2), (LineColumn{1, 3})); // the line end belongs to its line
  EXPECT_EQ(file.position(3), (LineColumn{2, 1}));
  EXPECT_EQ(file.position(8), (LineColumn{2, 3})); // behind α (two bytes) and → (three)
  EXPECT_EQ(file.line_text(2), "α→c");
  EXPECT_EQ(file.line_text(3), "");
  EXPECT_EQ(file.position(10'000), (LineColumn{4, 4}));
}

TEST(LangSource, EmptyFileHasOneLine) {
  SourceFile file(FileId{0}, "x.flow", "");
  EXPECT_EQ(file.line_count(), 1u);
  EXPECT_EQ(file.line_text(1), "");
  EXPECT_EQ(file.position(0), (LineColumn{1, 1}));
}

TEST(LangSource, CoverIgnoresNoFile) {
  SourceRange a{3, 5, FileId{1}}, b{8, 9, FileId{1}};
  EXPECT_EQ(cover(b, a), (SourceRange{3, 9, FileId{1}}));
  EXPECT_EQ(cover(SourceRange{}, a), a);
  EXPECT_EQ(cover(a, SourceRange{}), a);
}

TEST(LangNearest, DistanceCountsSwapsAsOne) {
  EXPECT_EQ(edit_distance("driver_id", "driver_id"), 0u);
  EXPECT_EQ(edit_distance("drivr_id", "driver_id"), 1u);
  EXPECT_EQ(edit_distance("tpi", "tip"), 1u);
  EXPECT_EQ(edit_distance("AND", "and"), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance(std::string(100, 'x'), "abc"), 100u);
}

TEST(LangNearest, DistanceIsSymmetricAndBounded) {
  std::mt19937 random(7);
  for (int i = 0; i < 2'000; ++i) {
    auto word = [&] {
      std::string text;
      for (size_t n = random() % 8; n > 0; --n) text += static_cast<char>('a' + random() % 3);
      return text;
    };
    std::string a = word(), b = word();
    size_t distance = edit_distance(a, b);
    ASSERT_EQ(distance, edit_distance(b, a)) << a << " " << b;
    ASSERT_LE(distance, std::max(a.size(), b.size()));
    ASSERT_GE(distance, std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
  }
}

TEST(LangNearest, NothingWhereNothingIsNear) {
  std::array<std::string_view, 3> words{"driver_id", "ride_id", "tip"};
  EXPECT_EQ(nearest("drivr_id", words), "driver_id");
  EXPECT_EQ(nearest("tips", words), "tip");
  EXPECT_EQ(nearest("payment", words), "");
  EXPECT_EQ(nearest("r", words), "");
  EXPECT_EQ(nearest("", words), "");
}

TEST(LangDiagnostics, CatalogueHasDistinctSlugsAndExplanations) {
  std::set<std::string_view> slugs;
  for (DiagnosticKind kind : all_diagnostic_kinds()) {
    EXPECT_TRUE(slugs.insert(slug_of(kind)).second) << slug_of(kind);
    EXPECT_EQ(slug_of(kind).find('_'), std::string_view::npos);
    EXPECT_FALSE(explanation_of(kind).empty());
  }
  EXPECT_EQ(slug_of(DiagnosticKind::unexpected_character), "unexpected-character");
}

TEST(LangDiagnostics, RenderShowsLineCaretNotesAndHelp) {
  SourceFiles files;
  FileId id = files.add("dir/job.flow", "stream x = rides\n\t| key drivr_id // α\n").id();
  DiagnosticEmitter emitter;
  emitter.report(DiagnosticKind::syntax, {24, 32, id}, "no field `{}`", "drivr_id")
      .note({11, 16, id}, "the row is made here")
      .help("did you mean `{}`?", "driver_id");
  EXPECT_EQ(render_all(emitter, files), "dir/job.flow:2:8: error: no field `drivr_id` [syntax]\n"
                                        "    | key drivr_id // α\n"
                                        "          ^~~~~~~~\n"
                                        "dir/job.flow:1:12: note: the row is made here\n"
                                        "  stream x = rides\n"
                                        "             ^~~~~\n"
                                        "help: did you mean `driver_id`?\n");
}

TEST(LangDiagnostics, RenderWithoutFileAndInColour) {
  SourceFiles files;
  DiagnosticEmitter emitter;
  emitter.report(DiagnosticKind::syntax, {}, "nothing to compile");
  EXPECT_EQ(render_all(emitter, files), "flowc: error: nothing to compile [syntax]\n");
  std::string coloured = render_all(emitter, files, {.colour = true});
  EXPECT_NE(coloured.find("\x1b[1;31merror"), std::string::npos);
}

TEST(LangDiagnostics, LongAndStrangeLinesAreCut) {
  SourceFiles files;
  std::string line = std::string(500, 'a') + "\x01\xff" + std::string(500, 'b');
  FileId id = files.add("job.flow", line).id();
  DiagnosticEmitter emitter;
  emitter.report(DiagnosticKind::syntax, {500, 900, id}, "here");
  std::string text = render_all(emitter, files);
  EXPECT_FALSE(find_invalid_utf8(text).has_value());
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find('\n', begin);
    EXPECT_LT(end - begin, 140u);
    begin = end + 1;
  }
  EXPECT_NE(text.find("aaa??bbb"), std::string::npos) << text;
}

TEST(LangDiagnostics, OrderIsThatOfTheText) {
  SourceFiles files;
  FileId id = files.add("job.flow", "abcdef").id();
  DiagnosticEmitter emitter;
  emitter.report(DiagnosticKind::syntax, {4, 5, id}, "second");
  emitter.report(DiagnosticKind::syntax, {1, 2, id}, "first");
  std::string text = render_all(emitter, files);
  EXPECT_LT(text.find("first"), text.find("second"));
}

TEST(LangDiagnostics, SamePlaceAndKindIsToldOnce) {
  DiagnosticEmitter emitter;
  SourceRange range{4, 5, FileId{0}};
  emitter.report(DiagnosticKind::syntax, range, "one").help("a");
  emitter.report(DiagnosticKind::syntax, range, "again").help("b"); // also its help is dropped
  emitter.report(DiagnosticKind::bad_number, range, "another kind");
  EXPECT_EQ(emitter.error_count(), 2u);
  ASSERT_EQ(emitter.diagnostics().size(), 2u);
  EXPECT_EQ(emitter.diagnostics()[0].helps, std::vector<std::string>{"a"});
}

TEST(LangDiagnostics, AfterTheLimitOnlyCounts) {
  SourceFiles files;
  FileId id = files.add("job.flow", std::string(100, 'x')).id();
  DiagnosticEmitter emitter;
  for (uint32_t i = 0; i < 60; ++i) emitter.report(DiagnosticKind::syntax, {i, i + 1, id}, "wrong").help("mend");
  EXPECT_EQ(emitter.error_count(), 60u);
  EXPECT_EQ(emitter.diagnostics().size(), 50u);
  EXPECT_TRUE(emitter.is_full());
  EXPECT_TRUE(render_all(emitter, files).ends_with("flowc: only the first 50 errors are shown\n"));
}

TEST(LangLiterals, Integers) {
  EXPECT_EQ(read_integer("1_000").value, 1000u);
  EXPECT_EQ(read_integer("0xFf_00").value, 0xFF00u);
  EXPECT_EQ(read_integer("18446744073709551615").value, std::numeric_limits<uint64_t>::max());
  EXPECT_FALSE(read_integer("18446744073709551616").value.has_value());
  EXPECT_FALSE(read_integer("0x").value.has_value());
}

TEST(LangLiterals, Floats) {
  EXPECT_EQ(read_float("0.1").value, 0.1);
  EXPECT_EQ(read_float("1e-9").value, 1e-9);
  EXPECT_FALSE(read_float("1e999").value.has_value());
}

TEST(LangLiterals, Durations) {
  EXPECT_EQ(read_duration("1h30min").value, 5'400'000'000);
  EXPECT_EQ(read_duration("200ms").value, 200'000);
  EXPECT_EQ(read_duration("1w1d1h1min1s1ms1us").value, 694'861'001'001);
  EXPECT_EQ(read_duration("1_000us").value, 1000);
  EXPECT_FALSE(read_duration("10sec").value.has_value());
  EXPECT_EQ(read_duration("9223372036854775807us").value, std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(read_duration("9223372036854775807us1us").value.has_value());
  EXPECT_FALSE(read_duration("300000000w").value.has_value());
}

TEST(LangLiterals, Instants) {
  auto micros = [](std::string_view text) { return read_instant(text).value.value_or(Instant{-1, false}).micros; };
  EXPECT_EQ(micros("1970-01-01"), 0);
  EXPECT_EQ(micros("2020-01-01T12:00:00Z"), 1'577'880'000'000'000);
  EXPECT_EQ(micros("2020-01-01T12:00Z"), 1'577'880'000'000'000);
  EXPECT_EQ(micros("2020-01-01T14:00:00+02:00"), 1'577'880'000'000'000);
  EXPECT_EQ(micros("2020-01-01T10:30:00-0130"), 1'577'880'000'000'000);
  EXPECT_EQ(micros("2020-01-01T12:00:00.000001Z"), 1'577'880'000'000'001);
  EXPECT_EQ(micros("1969-12-31T23:59:59.5Z"), -500'000);
  EXPECT_EQ(micros("2000-02-29"), 951'782'400'000'000);
  EXPECT_EQ(micros("0001-01-01"), -62'135'596'800'000'000);
  EXPECT_EQ(micros("9999-12-31T23:59:59.999999Z"), 253'402'300'799'999'999);
  EXPECT_TRUE(read_instant("2020-01-01").value->is_date);
  EXPECT_FALSE(read_instant("2020-01-01T00:00:00Z").value->is_date);
}

TEST(LangLiterals, InstantsThatAreNone) {
  for (std::string_view text : {"2020-13-01",
                                "2020-00-01",
                                "2019-02-29",
                                "1900-02-29",
                                "2020-01-32",
                                "0000-01-01",
                                "2020-1-1",
                                "2020",
                                "20200101",
                                "2020-01-01T24:00:00Z",
                                "2020-01-01T12:60:00Z",
                                "2020-01-01T12:00:60Z",
                                "2020-01-01T12:00:00",
                                "2020-01-01T12",
                                "2020-01-01T12:00:00.1234567Z",
                                "2020-01-01X",
                                "2020-01-01T12:00:00Zulu",
                                "2020-01-01T12:00:00+2",
                                "2020-01-01T12:00:00+25:00",
                                ""}) {
    EXPECT_FALSE(read_instant(text).value.has_value()) << text;
    EXPECT_FALSE(read_instant(text).problem.empty()) << text;
  }
}

TEST(LangLiterals, Utf8) {
  std::string text;
  for (uint32_t code_point : {0x41u, 0xE4u, 0x20ACu, 0x1F600u, 0x10FFFFu})
    EXPECT_TRUE(append_code_point(text, code_point));
  EXPECT_EQ(text, "Aä€😀\U0010FFFF");
  EXPECT_FALSE(append_code_point(text, 0xD800));
  EXPECT_FALSE(append_code_point(text, 0x110000));
  EXPECT_FALSE(find_invalid_utf8(text).has_value());
  for (std::string_view bad :
       {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    EXPECT_EQ(find_invalid_utf8("ab" + std::string(bad)), 2u);
  }
}

} // namespace
} // namespace flow::lang
