/// The tensors that a model computes for one batch: their shapes, what they are made of and where they may lie, without
/// their values. What a graph takes on each device follows from it (graph_schedule.h, graph_memory.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace berth::plan {

/// How the elements of a tensor are stored: in blocks of `elements`, each of `bytes`.
struct ElementType {
  std::uint32_t elements = 1;
  std::uint32_t bytes = 4;
  bool brain_float = false;  ///< BF16, which is as wide as F16
  bool non_linear = false;   ///< IQ4_NL, which is as wide as Q4_0

  bool quantized() const { return elements > 1; }
  bool operator==(const ElementType&) const = default;
};
inline constexpr ElementType f32{1, 4};
inline constexpr ElementType f16{1, 2};
inline constexpr ElementType i32{1, 4};
inline constexpr ElementType i64{1, 8};

/// What counts of an operation: whether it takes memory of its own, and how it is given to a device.
enum class Op : std::uint8_t {
  leaf,       ///< an input, a weight, a cache
  view,       ///< another look at its source
  plain,      ///< takes memory for its result
  in_place,   ///< may write its result over a source of the same layout
  rotate,     ///< rotary embedding: in place, and its small weights do not say where it runs
  attention,  ///< flash attention
  indexer,    ///< scores of the keys for sparse attention, in one step
  get_rows,
  mul_mat,
  mul_mat_id,  ///< of the experts that a token goes to
};

using TensorId = std::int32_t;
inline constexpr TensorId no_tensor = -1;

struct GraphTensor {
  static constexpr std::size_t most_sources = 10;

  Op op = Op::leaf;
  ElementType type = f32;
  std::array<std::uint64_t, 4> extents = {1, 1, 1, 1};  ///< the contiguous one first
  std::array<std::uint64_t, 4> strides = {4, 4, 4, 4};  ///< bytes
  std::array<TensorId, most_sources> sources = {};
  std::uint8_t source_count = 0;
  TensorId view_of = no_tensor;  ///< whose memory it looks at; never itself a view
  bool input = false;            ///< filled in before the graph runs
  bool output = false;           ///< read after the graph has run: its memory is not used again
  bool weight = false;
  std::int16_t home = -1;    ///< the backend that holds it outside the graph; -1: it is part of the graph
  std::int16_t pinned = -1;  ///< the backend that must compute it; -1: any

  std::uint64_t bytes() const;
  bool same_layout(const GraphTensor& other) const;
  std::uint64_t rows() const;
};

/// Sums and products that stop at 2^62 rather than overflow: shapes come from files.
std::uint64_t plus(std::uint64_t a, std::uint64_t b);
std::uint64_t times(std::uint64_t a, std::uint64_t b);

/// Collects tensors, and the order in which they are computed. Functions that make a tensor give its number; a source
/// that is `no_tensor` gives `no_tensor` again, so that a part which a model lacks falls away.
class TensorGraph {
 public:
  using Extents = std::array<std::uint64_t, 4>;

  void reserve(std::size_t count) {
    tensors_.reserve(count);
    visited_.reserve(count);
    nodes_.reserve(count);
  }

  TensorId leaf(ElementType type, Extents extents, std::int16_t home, bool weight = false);
  TensorId input(ElementType type, Extents extents);

  /// A result of `extents`, in memory of its own.
  TensorId make(Op op, ElementType type, Extents extents, std::initializer_list<TensorId> sources);
  /// A result like `like`, which is its first source.
  TensorId like(Op op, TensorId like, std::initializer_list<TensorId> others = {});

  TensorId unary(TensorId a) { return like(Op::in_place, a); }  ///< scale, clamp, an activation, RMS norm, softmax
  TensorId binary(TensorId a, TensorId b);                      ///< add, multiply, ...: `a` has the shape of the result
  TensorId add_into(TensorId a, TensorId b);                    ///< the sum is written over `a`
  TensorId norm(TensorId a) { return like(Op::plain, a); }      ///< layer norm, which is not done in place
  TensorId rope(TensorId a, TensorId positions, TensorId factors = no_tensor);
  TensorId mul_mat(TensorId weights, TensorId a);
  TensorId mul_mat_id(TensorId weights, TensorId a, TensorId ids);
  TensorId get_rows(TensorId table, TensorId ids);
  TensorId concat(TensorId a, TensorId b, int dimension);
  TensorId cont(TensorId a);  ///< a contiguous copy
  TensorId cast(TensorId a, ElementType type) {
    return a == no_tensor ? a : make(Op::plain, type, tensors_[index(a)].extents, {a});
  }
  TensorId cont(TensorId a, Extents extents);
  TensorId repeat(TensorId a, Extents extents);
  TensorId gated(TensorId gate, TensorId up);  ///< SwiGLU, GeGLU, ... of two tensors
  TensorId half(TensorId both);                ///< the same of one tensor that holds both halves

  TensorId reshape(TensorId a, Extents extents);
  TensorId permute(TensorId a, std::array<int, 4> axes);  ///< axis i of `a` becomes axis axes[i]
  TensorId transpose(TensorId a) { return permute(a, {1, 0, 2, 3}); }
  /// A part of `a`; strides[0] is that of `a`.
  TensorId view(TensorId a, Extents extents, std::array<std::uint64_t, 3> strides);
  /// The first elements along each axis, with the strides of `a`.
  TensorId view(TensorId a, Extents extents);
  /// `a` is written into a part of `target`, which is what the result looks at.
  TensorId store(TensorId a, TensorId target, std::initializer_list<TensorId> others = {});

  void pin(TensorId a, std::int16_t backend) {
    if (a != no_tensor) tensors_[index(a)].pinned = backend;
  }
  void set_output(TensorId a) {
    if (a != no_tensor) tensors_[index(a)].output = true;
  }
  /// `a` keeps its memory until `until` is computed, where `step` runs on a device which joins such steps.
  void keep_until(TensorId a, TensorId until, TensorId step) {
    if (a != no_tensor && until != no_tensor && step != no_tensor) kept_.push_back({a, until, step});
  }

  /// Adds `a` and what it needs, sources first, to what is computed.
  void expand(TensorId a);

  /// Of `no_tensor`, one without extents.
  const GraphTensor& operator[](TensorId a) const { return a == no_tensor ? nothing_ : tensors_[index(a)]; }
  GraphTensor& operator[](TensorId a) { return a == no_tensor ? nothing_ = {} : tensors_[index(a)]; }
  std::uint64_t extent(TensorId a, int axis) const {
    return a == no_tensor ? 0 : tensors_[index(a)].extents[static_cast<std::size_t>(axis)];
  }
  bool contiguous(TensorId a) const;
  std::size_t size() const { return tensors_.size(); }
  const std::vector<TensorId>& nodes() const { return nodes_; }    ///< in the order of computing
  const std::vector<TensorId>& leaves() const { return leaves_; }  ///< those that nodes need, in the order of finding

  struct Kept {
    TensorId tensor;
    TensorId until;
    TensorId step;
  };
  const std::vector<Kept>& kept() const { return kept_; }

  /// A tensor of the same layout that is not part of the order.
  TensorId copy_of(TensorId a);

 private:
  static std::size_t index(TensorId a) { return static_cast<std::size_t>(a); }
  TensorId add(GraphTensor tensor);
  TensorId add_view(TensorId a, Op op, Extents extents, std::array<std::uint64_t, 4> strides);

  std::vector<GraphTensor> tensors_;
  GraphTensor nothing_;
  std::vector<bool> visited_;
  std::vector<TensorId> nodes_;
  std::vector<TensorId> leaves_;
  std::vector<Kept> kept_;
};

}  // namespace berth::plan
