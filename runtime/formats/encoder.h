// From cells to the bytes of a sink's record. The same cells always give the same bytes, and a decoder of the same
// format reads them back to the same cells. An encoder has no state between records, so one serves a whole chain.
//
//   csv   the declared fields in their order; quotes only where they are needed; null is nothing (or the option
//         `null`), an empty string in a nullable field is ""; a header line first unless `header: false`
//   json  one object on a line, the declared fields in their order, null written as null; a float that is not finite
//         as the string "inf", "-inf" or "nan"; fields with dots in their names are those of records in the record
//         (json_outline.h)
//
// Values look the same in both (value.h): timestamps in UTC as 2001-01-01T00:00:00Z, with a fraction of three or six
// digits only if there is one; floats in the shortest form that reads back, so the double 12 is 12.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/status.h"
#include "runtime/formats/options.h"
#include "runtime/formats/value.h"

namespace flow::runtime {

class Encoder {
public:
  virtual ~Encoder() = default;

  // What stands once at the beginning of every file; may be empty.
  virtual std::string header() const = 0;

  // How many bytes `encode` writes at most, for memory that the caller provides.
  virtual size_t bytes_max(const FlowCell* cells) const = 0;
  // Writes the record with its line end and returns the end of it.
  virtual char* encode(const FlowCell* cells, char* to) const = 0;

  // Writes one field as it stands in the record, without what separates it from others. As long as in bytes_max().
  virtual char* encode_field(size_t field, const FlowCell& cell, char* to) const = 0;

  void append(const FlowCell* cells, std::string& out) const;
};

// The encoder of a sink; a connector that names no format (console) writes json.
Result<std::unique_ptr<Encoder>> make_encoder(const FlowProgram& program, const FlowConnector& connector,
                                              const FlowCell* options);

// What the files of a sink are called: "csv", "json".
std::string format_extension(const FlowConnector& connector);

} // namespace flow::runtime
