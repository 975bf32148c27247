// CSV: the shape is that of csv_record.h, fields find their columns by the header's names or by position.
//
// Options:
//   header     bool, default true: the first record names the columns, in any order; others than ours are ignored
//   delimiter  one character, default ","
//   null       the text that stands for null in a nullable field, default ""; in quotes it is a text
//   timestamps "s", "ms", "us": timestamps may be whole numbers since 1970
//
// There may be spaces around a value, and nothing at all is null, in quotes or not, unless the field is a string, an
// enum or bytes: there every byte counts. Lines without anything are passed over, unless there is one column only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/formats/decoder.h"

namespace flow::runtime {

// What decoder and encoder agree on.
struct CsvOptions {
  bool has_header = true;
  char delimiter = ',';
  std::string null_text;
};
Result<CsvOptions> csv_options(const Options& options);

Result<std::unique_ptr<Decoder>> make_csv_decoder(std::vector<Field> fields, const Options& options,
                                                  std::string origin);

} // namespace flow::runtime
