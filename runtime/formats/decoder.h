// From the bytes of one split to cells, record by record: the base of csv, json and text.
//
// A decoder belongs to one split and is called with consecutive windows of its bytes, where each window begins with
// what the last one left over. What it decodes does not depend on where the windows are cut. It keeps what a record
// cannot say by itself: the line number, the header of a CSV file, whether it is inside a record that is too long;
// save and restore carry that through a checkpoint, together with the split's cursor.
//
// It reads any bytes. A record that does not fit is `bad`, has been passed over, and is described by bad(); only a
// stream that as a whole does not fit (a header without the columns) is `failed`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/status.h"
#include "runtime/formats/marks.h"
#include "runtime/formats/options.h"
#include "runtime/formats/value.h"

namespace flow::runtime {

constexpr int64_t record_bytes_max = 16 * 1024 * 1024;

enum class Decoded : uint8_t {
  end,    // no further whole record in this input
  row,    // the cells of all needed fields are filled
  bad,    // a record that does not fit: bad() says why
  failed, // the input does not fit: error(); further calls give the same
};

// The last bad record. The place is that of the field or character that does not fit.
struct BadRecord {
  std::string text;       // without its line end, invalid bytes replaced; of a record that is too long the beginning
  int64_t line = 0;       // from 1
  int64_t column = 0;     // in characters, from 1
  std::string_view field; // empty: the record as a whole
  std::string reason;     // a clause such as "'12x' is not a value of type i64"
};

// "fares.csv, line 3, column 7, field tip: '12x' is not …; the record is '1,12x'"
std::string describe_bad_record(std::string_view origin, const BadRecord& bad);

class Decoder {
public:
  virtual ~Decoder() = default;

  // Decodes the record at *position (counted from input.data) and moves *position behind it. Bytes before *position
  // are dealt with whatever the result. String cells view the input or the decoder's memory and live until the next
  // call. Call it for the last window even if that is empty: a CSV file without a header fails there.
  Decoded next(const FlowInput& input, int64_t* position, FlowCell* cells);

  // The last row was not taken: the bytes from where that call began will be given again, what was passed over before
  // the row among them. REQUIRES: the last call of next() gave a row.
  void give_back();

  // CSV and JSON (marks.h): marks records from `position`, at most so many, to be read without next(). None where the
  // first is not fit for that.
  RecordMarks mark(const FlowInput& input, int64_t position, int64_t records_max);
  // A field of the record that is due in `marks`, just as next() would give it. False: the record is bad.
  virtual bool read_marked(const RecordMarks& marks, uint32_t field, std::string_view text, FlowCell* cell);
  // What was marked before is of no use: another input will come.
  virtual void forget_marks() {}
  // The position has moved over so many lines that were marked; back, if it is negative.
  void pass_lines(int64_t lines) { now_.line += lines; }

  const BadRecord& bad() const { return bad_; }
  const Status& error() const { return error_; }
  int64_t line() const { return now_.line; } // of the next record

  void save(ByteWriter& out) const;
  // Success, or what does not fit any more.
  Status restore(ByteReader& in);

protected:
  struct Window {
    const char* at;
    const char* end;
    bool is_last;
  };
  enum class Taken : uint8_t { end, row, bad, failed, nothing }; // nothing: bytes that are no record
  struct Step {
    Taken taken;
    const char* next;  // behind what was taken
    int64_t lines = 1; // line ends in it
  };

  Decoder(std::vector<Field> fields, std::string origin) : fields_(std::move(fields)), origin_(std::move(origin)) {}

  virtual Step take(const Window& window, FlowCell* cells) = 0;
  virtual std::string_view too_long_hint() const { return ""; }
  virtual void save_more(ByteWriter&) const {}
  virtual Status restore_more(ByteReader&) { return Status(); }
  virtual Status check_end() { return Status(); } // the last window has been read
  virtual void give_back_more() {}
  virtual RecordMarks mark_window(const Window&, int64_t) { return {}; } // all but the position

  // Fills bad_: the record [begin, end) on line_ does not fit at `where`, in it.
  void set_bad(const char* begin, const char* end, const char* where, std::string_view field, std::string reason);
  void set_error(Status error) { error_ = std::move(error); }

  const std::vector<Field>& fields() const { return fields_; }
  const std::string& origin() const { return origin_; }
  uint64_t calls() const { return calls_; } // of next()

private:
  Decoded result_of(const Step& step);
  Decoded pass_over_too_long(Window& window);
  bool skip_to_line_end(Window& window);
  bool skip_byte_order_mark(Window& window);

  std::vector<Field> fields_;
  std::string origin_; // of the split, for messages: a path
  struct Progress {
    bool is_at_start = true;
    bool is_skipping = false; // inside a record that is too long
    int64_t line = 1;
  };
  Progress now_;
  Progress before_; // the last call of next()
  uint64_t calls_ = 0;
  BadRecord bad_;
  Status error_;
};

// The decoder of a source for one split, at its beginning. `origin` names the split in messages. A wrong option is a
// failure with exit code `usage`.
Result<std::unique_ptr<Decoder>> make_decoder(const FlowProgram& program, const FlowConnector& connector,
                                              const FlowCell* options, std::string origin);

} // namespace flow::runtime
