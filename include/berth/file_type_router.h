/// FileTypeRouter: files by their types, as Haystack's component of that name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"

namespace berth {

struct FileTypeRouterParameters {
  std::vector<std::string> mime_types = {};  ///< types, or regular expressions of Python's for them; must be given
  std::optional<OrderedMap<std::string>> additional_mimetypes = {};  ///< from types to endings such as ".docx"
  bool raise_on_failure = false;  ///< a file that is not there is an error, not a warning

  static auto fields() {
    using P = FileTypeRouterParameters;
    return std::tuple(field("mime_types", &P::mime_types), field("additional_mimetypes", &P::additional_mimetypes),
                      field("raise_on_failure", &P::raise_on_failure));
  }
};

/// Each of the `mime_types` is an output; `unclassified` takes what is of none of them, `failed` what is not there. A source
/// goes to the first that its type equals or matches. The type of a path is told by its ending, that of a ByteStream is its
/// `mime_type`. With `meta`, a source that is a path is read and sent as a ByteStream.
/// Safe to use from several threads.
class FileTypeRouter final : public ComponentWith<FileTypeRouterParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.routers.file_type_router.FileTypeRouter";

  /// Throws std::invalid_argument for no types at all, and for a pattern that is none.
  explicit FileTypeRouter(Parameters parameters);

  /// Throws std::invalid_argument where there are not as many entries in `meta` as sources, and with raise_on_failure for a
  /// file that is not there.
  void run(Run& run) override;
  bool concurrent() const override { return true; }

 private:
  class Routes;

  std::shared_ptr<const Routes> routes_;
  Input<Value> sources_;
  Input<Value> meta_;
  std::vector<Output<Value>> outputs_;  // unclassified, failed, then the types
};

}  // namespace berth
