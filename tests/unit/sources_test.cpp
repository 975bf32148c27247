// Sources: which files a path stands for, plain and packed bytes through windows, cursors and fingerprints, generators
// and the rate.
//   build/bin/tests/connectors_test --gtest_filter='FileReader.*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "runtime/base/random.h"
#include "runtime/connectors/find_files.h"
#include "runtime/connectors/rate_limiter.h"
#include "runtime/connectors/source.h"
#include "runtime/env/sim_env.h"
#include "tests/unit/connector_fixture.h"

namespace flow::runtime {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct World {
  explicit World(uint64_t seed = 1) : machine(seed), env(std::make_unique<SimEnv>(machine)) {}
  void put(const std::string& path, std::string_view text) { machine.preload_text(path, text); }

  SimMachine machine;
  std::unique_ptr<SimEnv> env;
};

std::string gzip(std::string_view text) {
  z_stream z{};
  deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&z, text.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.resize(z.total_out);
  deflateEnd(&z);
  return packed;
}

std::string zstd(std::string_view text) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return packed;
}

std::string sample_text(size_t bytes, uint64_t seed = 5) {
  Random random(seed);
  std::string text;
  while (text.size() < bytes) text += std::to_string(random.next() >> random.below(64)) + ",abc\n";
  return text;
}

std::unique_ptr<SourceConnector> file_source(const std::string& path) {
  auto connector = std::make_shared<TestConnector>("csv");
  connector->option("path", path);
  return make_source(connector->connector(), connector->cells()).value(); // the source copies the path
}

Result<std::unique_ptr<SplitReader>> try_open(World& world, const std::string& path, int64_t cursor = 0,
                                              const SplitFingerprint* expected = nullptr) {
  return file_source(path)->open(*world.env, {path, 0, 1}, cursor, expected);
}

std::unique_ptr<SplitReader> open(World& world, const std::string& path, int64_t cursor = 0,
                                  const SplitFingerprint* expected = nullptr) {
  return try_open(world, path, cursor, expected).value();
}

// All that is left, consuming random parts of each window.
Result<std::string> read_rest(SplitReader& reader, Random& random) {
  std::string text;
  while (true) {
    FLOW_TRY_ASSIGN(FlowInput input, reader.fill());
    bool is_all = random.one_in(2);
    int64_t n = is_all ? input.end : static_cast<int64_t>(random.below(static_cast<uint64_t>(input.end) + 1));
    text.append(input.data, static_cast<size_t>(n));
    reader.consume(n);
    if (input.is_last != 0 && n == input.end) return text;
  }
}

Result<std::string> read_all(World& world, const std::string& path, uint64_t seed = 3) {
  Random random(seed);
  FLOW_TRY_ASSIGN(std::unique_ptr<SplitReader> reader, try_open(world, path));
  return read_rest(*reader, random);
}

// ---- which files ----

TEST(FindFiles, one_file_a_folder_or_a_pattern) {
  World world;
  for (const char* path :
       {"data/b.csv", "data/a.csv", "data/.hidden.csv", "data/_SUCCESS", "data/sub/c.csv", "other/a.csv", "x[1].csv"}) {
    world.put(path, "1\n");
  }
  Env& env = *world.env;
  EXPECT_THAT(find_files(env, "data/a.csv").value(), ElementsAre("data/a.csv"));
  EXPECT_THAT(find_files(env, "data/.hidden.csv").value(), ElementsAre("data/.hidden.csv"));
  EXPECT_THAT(find_files(env, "data").value(), ElementsAre("data/a.csv", "data/b.csv"));
  EXPECT_THAT(find_files(env, "data/").value(), ElementsAre("data/a.csv", "data/b.csv"));
  EXPECT_THAT(find_files(env, "data/*.csv").value(), ElementsAre("data/a.csv", "data/b.csv"));
  EXPECT_THAT(find_files(env, "data/[b-z].csv").value(), ElementsAre("data/b.csv"));
  EXPECT_THAT(find_files(env, "*/a.csv").value(), ElementsAre("data/a.csv", "other/a.csv"));
  EXPECT_THAT(find_files(env, "data/*/*").value(), ElementsAre("data/sub/c.csv"));
  EXPECT_THAT(find_files(env, "/data/?.csv").value(), ElementsAre("/data/a.csv", "/data/b.csv"));
  EXPECT_THAT(find_files(env, "x[1].csv").value(), ElementsAre("x[1].csv"));
}

TEST(FindFiles, nothing_found_is_a_failure_that_says_what_and_perhaps_what_was_meant) {
  World world;
  world.put("data/fares.csv", "1\n");
  world.put("empty/.keep", "");
  auto failure = [&](const std::string& path) {
    auto found = find_files(*world.env, path);
    EXPECT_FALSE(found.is_ok()) << path;
    EXPECT_EQ(found.status().code(), ExitCode::input_missing) << path;
    return found.status().message();
  };
  EXPECT_EQ(failure("data/fare.csv"), "there is no file or folder 'data/fare.csv'; did you mean 'fares.csv'?");
  EXPECT_EQ(failure("nowhere/x.csv"), "there is no file or folder 'nowhere/x.csv'");
  EXPECT_EQ(failure("data/fares.csv/x"), "there is no file or folder 'data/fares.csv/x'");
  EXPECT_EQ(failure("data/*.json"), "no file fits the pattern 'data/*.json'");
  EXPECT_EQ(failure("nowhere/*"), "no file fits the pattern 'nowhere/*'");
  EXPECT_EQ(failure("empty"), "the folder 'empty' holds no files");
  EXPECT_EQ(failure(""), "the path of the files is empty");
}

bool fits_simply(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*')
    return fits_simply(name, pattern.substr(1)) || (!name.empty() && fits_simply(name.substr(1), pattern));
  return !name.empty() && (pattern[0] == '?' || pattern[0] == name[0]) &&
         fits_simply(name.substr(1), pattern.substr(1));
}

TEST(FindFiles, patterns_agree_with_a_simple_model) {
  for (uint64_t seed = 1; seed <= 20'000; ++seed) {
    Random random(seed);
    std::string name, pattern;
    for (uint64_t n = random.below(8); n > 0; --n) name.push_back("ab"[random.below(2)]);
    for (uint64_t n = random.below(8); n > 0; --n) pattern.push_back("ab*?"[random.below(4)]);
    ASSERT_EQ(fits_pattern(name, pattern), fits_simply(name, pattern))
        << "seed " << seed << ": " << name << " " << pattern;
  }
  EXPECT_TRUE(fits_pattern("a1", "a[0-9]"));
  EXPECT_FALSE(fits_pattern("ax", "a[0-9]"));
  EXPECT_TRUE(fits_pattern("ax", "a[!0-9]"));
  EXPECT_TRUE(fits_pattern("a]", "a[]]"));
  EXPECT_TRUE(fits_pattern("a[", "a["));
  EXPECT_FALSE(fits_pattern(".a", "*"));
  EXPECT_TRUE(fits_pattern(".a", ".*"));
}

TEST(FileSource, splits_are_files_in_the_order_of_their_names) {
  World world;
  world.put("in/b", "");
  world.put("in/a", "");
  auto specs = file_source("in")->enumerate(*world.env).value();
  EXPECT_THAT(specs, ElementsAre(SplitSpec{"in/a", 0, 2}, SplitSpec{"in/b", 1, 2}));
  ByteWriter out;
  specs[1].write(out);
  ByteReader in(out.view());
  EXPECT_EQ(SplitSpec::read(in), specs[1]);
  EXPECT_TRUE(in.is_at_end());
}

// ---- bytes ----

TEST(FileReader, gives_the_bytes_of_plain_and_packed_files) {
  World world;
  std::string text = sample_text(3'000'000);
  world.put("plain", text);
  world.put("one.gz", gzip(text));
  world.put("two.gz", gzip(text.substr(0, 1000)) + gzip("") + gzip(text.substr(1000)) + std::string(1024, '\0'));
  world.put("one.zst", zstd(text));
  world.put("two.zst", zstd(text.substr(0, 1000)) + std::string("\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11) +
                           zstd(text.substr(1000)));
  world.put("skip.zst", std::string("\x5f\x2a\x4d\x18\x03\x00\x00\x00xyz", 11) + zstd(text));
  for (const char* path : {"plain", "one.gz", "two.gz", "one.zst", "two.zst", "skip.zst"}) {
    auto read = read_all(world, path);
    ASSERT_TRUE(read.is_ok()) << path << ": " << read.status().message();
    EXPECT_TRUE(*read == text) << path;
  }
}

TEST(FileReader, empty_files_are_empty) {
  World world;
  world.put("plain", "");
  world.put("a.gz", gzip(""));
  world.put("a.zst", zstd(""));
  for (const char* path : {"plain", "a.gz", "a.zst"}) EXPECT_EQ(read_all(world, path).value(), "") << path;
}

TEST(FileReader, short_reads_change_nothing) {
  World world;
  std::string text = sample_text(50'000);
  world.put("plain", text);
  world.put("a.gz", gzip(text));
  world.put("a.zst", zstd(text));
  world.machine.faults().add(
      {.operation = Operation::read, .times = Fault::for_ever, .one_in = 2, .os_error = 0, .bytes = 100});
  for (const char* path : {"plain", "a.gz", "a.zst"}) EXPECT_TRUE(read_all(world, path).value() == text) << path;
}

TEST(FileReader, read_errors_are_told) {
  World world;
  world.put("plain", sample_text(1'000'000));
  world.machine.faults().add({.operation = Operation::read, .first = 4});
  auto read = read_all(world, "plain");
  ASSERT_FALSE(read.is_ok());
  EXPECT_EQ(read.status().code(), ExitCode::input_missing);
  EXPECT_THAT(read.status().message(), HasSubstr("plain"));
}

TEST(FileReader, a_missing_file_is_told) {
  World world;
  auto opened = try_open(world, "gone");
  ASSERT_FALSE(opened.is_ok());
  EXPECT_EQ(opened.status().code(), ExitCode::input_missing);
}

TEST(FileReader, packed_data_cut_off_anywhere_is_never_taken_for_whole) {
  World world;
  std::string text = sample_text(300);
  int number = 0;
  for (const std::string& packed : {gzip(text), zstd(text)}) {
    for (size_t size = 4; size < packed.size(); ++size) {
      std::string path = "cut" + std::to_string(++number);
      world.put(path, packed.substr(0, size));
      auto read = read_all(world, path);
      ASSERT_FALSE(read.is_ok()) << path;
      EXPECT_EQ(read.status().code(), ExitCode::input_missing);
      EXPECT_THAT(read.status().message(), AllOf(HasSubstr(path), HasSubstr("cut off")));
    }
  }
}

TEST(FileReader, a_flipped_bit_in_packed_data_is_never_taken_for_data) {
  World world;
  std::string text = sample_text(2000);
  int number = 0;
  for (const std::string& packed : {gzip(text), zstd(text)}) {
    for (size_t at = 4; at < packed.size(); at += 3) {
      std::string damaged = packed;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      std::string path = "bad" + std::to_string(++number);
      world.put(path, damaged);
      auto read = read_all(world, path);
      if (read.is_ok())
        EXPECT_EQ(*read, text) << path; // a bit of the gzip header that means nothing
      else
        EXPECT_EQ(read.status().code(), ExitCode::input_missing);
    }
  }
}

TEST(FileReader, what_follows_gzip_data_must_be_gzip_or_zeros) {
  World world;
  world.put("a.gz", gzip("abc\n") + "rubbish");
  EXPECT_THAT(read_all(world, "a.gz").status().message(), HasSubstr("is damaged: its gzip data"));
}

TEST(FileReader, other_packings_are_named) {
  World world;
  world.put("a.bz2", "BZh91AY&SYxxxx");
  world.put("a.xz", std::string_view("\xfd"
                                     "7zXZ\0",
                                     6));
  EXPECT_THAT(try_open(world, "a.bz2").status().message(),
              HasSubstr("packed with bzip2, which is not read: gzip and zstd are"));
  EXPECT_THAT(try_open(world, "a.xz").status().message(), HasSubstr("packed with xz"));
}

TEST(FileReader, a_window_grows_until_it_holds_a_record_as_long_as_allowed) {
  World world;
  std::string line(static_cast<size_t>(record_bytes_max) - 1, 'x');
  world.put("long", line + "\nshort\n");
  auto reader = open(world, "long");
  for (int fills = 0; fills < 100; ++fills) {
    FlowInput input = reader->fill().value();
    std::string_view window(input.data, static_cast<size_t>(input.end));
    if (window.find('\n') == std::string_view::npos) continue;
    EXPECT_LT(fills, 20);
    reader->consume(static_cast<int64_t>(line.size()) + 1);
    input = reader->fill().value();
    EXPECT_EQ(std::string_view(input.data, 6), "short\n");
    return;
  }
  FAIL() << "the window never held the record";
}

TEST(FileReader, the_last_window_is_known_as_the_last) {
  World world;
  world.put("a", "one\ntwo");
  FlowInput input = open(world, "a")->fill().value();
  EXPECT_EQ(input.end, 7);
  EXPECT_EQ(input.is_last, 1);
}

// ---- cursors ----

TEST(FileReader, goes_on_at_a_cursor) {
  World world;
  std::string text = sample_text(10'000'000);
  world.put("plain", text);
  world.put("a.gz", gzip(text));
  world.put("a.zst", zstd(text));
  for (const char* path : {"plain", "a.gz", "a.zst"}) {
    for (int64_t cursor : {int64_t{0}, int64_t{1}, int64_t{255}, int64_t{5'000'000}, int64_t{9'000'000},
                           static_cast<int64_t>(text.size())}) {
      auto before = open(world, path);
      while (before->cursor() < cursor) {
        FlowInput input = before->fill().value();
        before->consume(std::min<int64_t>(input.end, cursor - before->cursor()));
      }
      ByteWriter out;
      before->fingerprint().write(out);
      ByteReader in(out.view());
      SplitFingerprint print = SplitFingerprint::read(in);
      ASSERT_TRUE(in.is_at_end());
      auto after = open(world, path, cursor, &print);
      EXPECT_EQ(after->cursor(), cursor);
      EXPECT_EQ(after->fingerprint(), print) << "before anything was read";
      Random random(9);
      EXPECT_TRUE(read_rest(*after, random).value() == text.substr(static_cast<size_t>(cursor)))
          << path << " " << cursor;
      EXPECT_EQ(after->cursor(), static_cast<int64_t>(text.size()));
    }
  }
}

struct Stored {
  int64_t cursor;
  SplitFingerprint print;
};

Stored store_at(World& world, const std::string& path, int64_t cursor) {
  auto reader = open(world, path);
  reader->fill().value();
  reader->consume(cursor);
  return {cursor, reader->fingerprint()};
}

Status reopen(World& world, const std::string& path, const Stored& stored) {
  FLOW_TRY_ASSIGN(auto reader, try_open(world, path, stored.cursor, &stored.print));
  Random random(1);
  return read_rest(*reader, random).status();
}

TEST(FileReader, a_file_that_changed_before_the_cursor_is_refused) {
  std::string text = sample_text(20'000);
  for (bool is_packed : {false, true}) {
    auto packed = [&](const std::string& plain) { return is_packed ? gzip(plain) : plain; };
    World world;
    world.put("a", packed(text));
    Stored stored = store_at(world, "a", 10'000);
    EXPECT_TRUE(reopen(world, "a", stored).is_ok());

    std::string other_head = text, other_tail = text, other_rest = text;
    other_head[0] = '#';
    other_tail[9'990] = '#';
    other_rest[15'000] = '#';
    struct Case {
      std::string bytes;
      const char* expected;
    };
    std::vector<Case> cases = {{packed(other_head), "begins differently"},
                               {packed(text.substr(0, 8'000)), "it is not the file that was read before"}};
    if (!is_packed) cases.push_back({packed(other_tail), "has changed before byte 10000"});
    if (is_packed) cases.push_back({packed(other_tail), "it is not the file that was read before"});
    for (const Case& c : cases) {
      World changed;
      changed.put("a", c.bytes);
      Status status = reopen(changed, "a", stored);
      ASSERT_FALSE(status.is_ok()) << c.expected;
      EXPECT_EQ(status.code(), ExitCode::start_refused);
      EXPECT_THAT(status.message(), HasSubstr(c.expected));
    }
    if (is_packed) continue;
    World longer;
    longer.put("a", text + "more\n");
    EXPECT_TRUE(reopen(longer, "a", stored).is_ok()) << "a file may grow";
  }
}

TEST(FileReader, a_file_that_shrinks_while_it_is_read_stops_the_job) {
  World world;
  world.put("a", sample_text(1'000'000));
  auto reader = open(world, "a");
  FlowInput input = reader->fill().value();
  auto file = world.env->open("a", OpenMode::overwrite, Access::shared).value();
  ASSERT_TRUE(file->write("short").is_ok());
  reader->consume(input.end);
  Random random(1);
  auto rest = read_rest(*reader, random);
  ASSERT_FALSE(rest.is_ok());
  EXPECT_THAT(rest.status().message(), HasSubstr("became shorter while it was read"));
}

TEST(FileReader, progress_goes_from_nothing_to_all) {
  World world;
  std::string text = sample_text(2'000'000);
  world.put("plain", text);
  world.put("a.gz", gzip(text));
  for (const char* path : {"plain", "a.gz"}) {
    auto reader = open(world, path);
    uint64_t last = reader->progress(0).done;
    EXPECT_EQ(last, 0u);
    for (bool is_last = false; !is_last;) {
      FlowInput input = reader->fill().value();
      reader->consume(input.end);
      is_last = input.is_last != 0;
      EXPECT_GE(reader->progress(0).done, last);
      last = reader->progress(0).done;
    }
    EXPECT_EQ(last, reader->progress(0).total);
    EXPECT_EQ(reader->progress(0).total, world.env->stat(path).value().size);
  }
}

// ---- decoding through windows ----

TEST(FileReader, records_come_whole_through_windows_and_cursors) {
  World world;
  std::string text = "id,name\n";
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + ",\"line\nof " + std::to_string(i) + "\"\n";
  world.put("a.gz", gzip(text));
  auto source = TestConnector("csv").field("id", FLOW_I64).field("name", FLOW_STRING);
  auto decoder = source.decoder();
  auto reader = open(world, "a.gz");
  std::vector<FlowCell> cells(2);
  int64_t expected = 0;
  for (bool is_done = false; !is_done;) {
    FlowInput input = reader->fill().value();
    int64_t position = 0;
    Decoded decoded;
    while ((decoded = decoder->next(input, &position, cells.data())) == Decoded::row)
      ASSERT_EQ(cells[0].value.i, expected++);
    ASSERT_EQ(decoded, Decoded::end);
    reader->consume(position);
    is_done = input.is_last != 0;
    // A checkpoint and a restart after each window.
    ByteWriter saved;
    decoder->save(saved);
    decoder = source.decoder();
    ByteReader in(saved.view());
    ASSERT_TRUE(decoder->restore(in).is_ok());
    SplitFingerprint print = reader->fingerprint();
    if (!is_done) reader = open(world, "a.gz", reader->cursor(), &print);
  }
  EXPECT_EQ(expected, 100'000);
}

// ---- generate ----

TEST(Generate, shares_the_count_among_the_splits) {
  World world;
  auto connector = TestConnector("", "generate").number("splits", 3).number("count", 10);
  auto source = make_source(connector.connector(), connector.cells()).value();
  auto specs = source->enumerate(*world.env).value();
  EXPECT_THAT(specs, ElementsAre(SplitSpec{"0", 0, 3}, SplitSpec{"1", 1, 3}, SplitSpec{"2", 2, 3}));
  EXPECT_TRUE(source->is_bounded());
  std::vector<int64_t> ends;
  for (const SplitSpec& spec : specs) {
    auto reader = source->open(*world.env, spec, 2, nullptr).value();
    FlowInput input = reader->fill().value();
    EXPECT_EQ(input.data, nullptr);
    EXPECT_EQ(input.is_last, 1);
    ends.push_back(input.end);
    reader->consume(1);
    EXPECT_EQ(reader->cursor(), 3);
    EXPECT_EQ(reader->progress(0).done, 3u);
  }
  EXPECT_THAT(ends, ElementsAre(4, 3, 3));
  EXPECT_EQ(source->open(*world.env, specs[2], 4, nullptr).status().code(), ExitCode::start_refused);
}

// Generated code counts on it that every number lies below FLOW_EVENT_NUMBERS, however many splits there are.
TEST(Generate, without_a_count_ends_with_the_numbers) {
  World world;
  auto connector = TestConnector("", "generate").number("splits", 3);
  auto source = make_source(connector.connector(), connector.cells()).value();
  EXPECT_FALSE(source->is_bounded());
  for (const SplitSpec& spec : source->enumerate(*world.env).value()) {
    auto reader = source->open(*world.env, spec, 0, nullptr).value();
    int64_t end = reader->fill().value().end;
    EXPECT_LT(spec.index + (end - 1) * spec.count, FLOW_EVENT_NUMBERS);
    EXPECT_GE(spec.index + end * spec.count, FLOW_EVENT_NUMBERS) << "no number is left out";
    EXPECT_EQ(reader->progress(0).total, 0u);
  }
}

TEST(Generate, wrong_options_are_usage_errors) {
  for (int64_t splits : {0, -1, 100'000}) {
    auto connector = TestConnector("", "generate").number("splits", splits);
    EXPECT_EQ(make_source(connector.connector(), connector.cells()).status().code(), ExitCode::usage);
  }
  auto more = TestConnector("", "generate").number("count", FLOW_EVENT_NUMBERS + 1);
  EXPECT_EQ(make_source(more.connector(), more.cells()).status().code(), ExitCode::usage);
  auto connector = TestConnector("", "generate").number("count", -1);
  EXPECT_THAT(make_source(connector.connector(), connector.cells()).status().message(), HasSubstr("in source 'fares'"));
  auto unknown = TestConnector("", "kafka");
  EXPECT_THAT(make_source(unknown.connector(), unknown.cells()).status().message(), HasSubstr("no connector 'kafka'"));
}

// ---- rate ----

TEST(RateLimiter, keeps_the_rate) {
  for (double rate : {0.5, 1.0, 3.0, 99.0, 1000.0, 12345.6, 1e6, 5e7}) {
    Random random(static_cast<uint64_t>(rate));
    int64_t now = 1'000'000, start = now, spent = 0;
    RateLimiter limiter(rate, now);
    while (now < start + 20'000'000) {
      int64_t allowed = limiter.allowed(now);
      ASSERT_LE(static_cast<double>(spent + allowed), rate * static_cast<double>(now - start) / 1e6 + 1) << rate;
      limiter.spend(allowed);
      spent += allowed;
      int64_t next = limiter.next_us();
      ASSERT_GE(next, now);
      now = std::max(next, now + static_cast<int64_t>(random.below(2000)));
      if (allowed > 0 && rate < 100) ASSERT_EQ(limiter.allowed(next - 1), 0) << "not before next_us()";
      if (now == next) ASSERT_GE(limiter.allowed(now), 1) << "at next_us()";
    }
    EXPECT_NEAR(static_cast<double>(spent), rate * 20, std::max(2.0, rate * 20 * 0.01)) << rate;
  }
}

TEST(RateLimiter, of_a_pause_a_second_is_made_up_for) {
  RateLimiter limiter(10'000, 0);
  EXPECT_EQ(limiter.allowed(500'000), 5000);
  EXPECT_EQ(limiter.allowed(60'000'000), 10'000);
  RateLimiter slow(1, 0);
  EXPECT_EQ(slow.allowed(60'000'000), 1);
}

TEST(RateLimiter, no_rate_is_no_limit) {
  RateLimiter limiter(0, 5);
  EXPECT_TRUE(limiter.is_unlimited());
  EXPECT_EQ(limiter.allowed(5), std::numeric_limits<int64_t>::max());
  limiter.spend(1'000'000);
  EXPECT_EQ(limiter.allowed(5), std::numeric_limits<int64_t>::max());
}

} // namespace
} // namespace flow::runtime
