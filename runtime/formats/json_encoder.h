// JSON lines as json_decoder.h reads them.
#pragma once

#include <memory>
#include <vector>

#include "runtime/formats/encoder.h"

namespace flow::runtime {

Result<std::unique_ptr<Encoder>> make_json_encoder(std::vector<Field> fields);

} // namespace flow::runtime
