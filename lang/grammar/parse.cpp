#include "lang/grammar/parse.h"

#include "lang/grammar/scan.h"
#include "lang/grammar/syntax_errors.h"
#include "lang/grammar/token_feed.h"
#include "lang/grammar/tree_builder.h"

namespace flow::lang {

Program* parse(const SourceFile& file, Arena& arena, DiagnosticEmitter& emitter) {
  Tokens tokens = scan(file, arena, emitter);
  TreeBuilder tree(file, tokens, arena, emitter);
  TokenFeed feed(file, tokens);
  SyntaxErrors errors(file, feed, emitter);
  GeneratedParser(tree, feed, errors).parse(); // its result says only whether there were errors
  return tree.finish();
}

} // namespace flow::lang
