#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "berth/plan_export.h"
#include "plan/export/export_html_style.h"
#include "plan/memory/placed_weights.h"
#include "plan/speed/machine_view.h"
#include "text/bytes.h"
#include "text/printable.h"
#include "text/rate.h"

namespace berth {
namespace {

std::string in_full_context(const PredictedSpeed& speed) {
  return speed.full_context_tokens_per_s > 0
             ? fmt::format(", {} in a full context", rate_text(speed.full_context_tokens_per_s))
             : "";
}

constexpr std::size_t tones = 8;

class HtmlPage {
 public:
  HtmlPage(const Plan& plan, const ModelProfile& profile, const Inventory& inventory,
           const std::vector<Alternative>& others, const PlanRequest& request)
      : plan_(plan), profile_(profile), inventory_(inventory), others_(others), request_(request) {
    tone(Device::cpu());
    for (const auto& use : plan.use) tone(use.device);
  }

  std::string str() {
    add_title();
    add_devices();
    add_layers();
    add_problems();
    add_reasons();
    add_alternatives();
    add_tensors();
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" "
        "href=\"data:,\">\n"
        "<title>{} - plan</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        in_markup(profile_.name), plan::html_style, body_);
  }

 private:
  template <class... Parts>
  void add(fmt::format_string<Parts...> form, Parts&&... parts) {
    fmt::format_to(std::back_inserter(body_), form, std::forward<Parts>(parts)...);
  }

  /// The colour of a device, the same all over the page.
  std::size_t tone(const Device& device) { return tones_.try_emplace(device, tones_.size() % tones).first->second; }

  void add_title() {
    const auto& context = plan_.context;
    add("<h1>{}</h1>\n", in_markup(profile_.name));
    add("<p>{}, {} layers, {} of weights. <strong>{}</strong> with {} tokens of context for {} sequence{}, cache in {} "
        "and {}.</p>\n",
        in_markup(profile_.architecture), profile_.block_count.value_or(0), in_units(profile_.tensor_bytes),
        plan_.outcome == PlanOutcome::fits ? "It fits" : "It does not fit", context.n_ctx, context.n_seq,
        context.n_seq == 1 ? "" : "s", in_markup(context.type_k), in_markup(context.type_v));
    if (plan_.predicted && plan_.predicted->ran)
      add("<p>Seen when it ran: {} tokens/s.</p>\n", rate_text(plan_.predicted->decode_tokens_per_s));
    else if (plan_.predicted)
      add("<p>Predicted: {} tokens/s{}, limited by {} ({}).</p>\n", rate_text(plan_.predicted->decode_tokens_per_s),
          in_full_context(*plan_.predicted), in_markup(plan_.predicted->limited_by),
          plan_.predicted->measured ? "from measured rates" : "from usual rates of such devices, not measured");
  }

  void add_devices() {
    if (plan_.use.empty()) return;
    add("<h2>Devices</h2>\n<p class=\"soft\">");
    for (const char* kind : {"weights", "cache", "compute", "overhead", "free"})
      add("<span class=\"key {0}\"></span>{0}", kind);
    add("</p>\n");
    for (const auto& use : plan_.use) add_device(use);
  }

  void add_device(const DeviceUse& use) {
    const auto* info = inventory_.find(use.device);
    const auto room = info != nullptr ? plan::room_of(*info, inventory_, request_) : use.total();
    const auto all = static_cast<double>(std::max({room, use.total(), std::uint64_t{1}}));
    add("<div class=\"device\"><strong>{}</strong> {}<br>\n", use.device.str(),
        info != nullptr ? in_markup(info->name) : "");
    add("<div class=\"bar{}\">", use.total() > room ? " over" : "");
    for (const auto& [kind, bytes] : parts_of(use))
      if (bytes > 0)
        add("<span class=\"{0}\" style=\"width:{1:.3f}%\" title=\"{0}: {2}\"></span>", kind,
            100 * static_cast<double>(bytes) / all, in_units(bytes));
    add("</div>\n<span class=\"soft\">{} of {}", in_units(use.total()), in_units(room));
    for (const auto& [kind, bytes] : parts_of(use))
      if (bytes > 0) add(", {} {}", kind, in_units(bytes));
    add("</span></div>\n");
  }

  static std::array<std::pair<const char*, std::uint64_t>, 4> parts_of(const DeviceUse& use) {
    return {{{"weights", use.weights}, {"cache", use.cache}, {"compute", use.compute}, {"overhead", use.overhead}}};
  }

  void add_layers() {
    if (plan_.placement.layers.empty()) return;
    add("<h2>Layers</h2>\n<p class=\"soft\">");
    for (const auto& [device, tone] : tones_)
      add("<span class=\"key\" style=\"background:var(--d{})\"></span>{}", tone, device.str());
    add("</p>\n<div class=\"layers\">");
    const auto cell = [&](const std::string& text, const Device& device, const std::string& what) {
      add("<span style=\"background:var(--d{})\" title=\"{} on {}\">{}</span>", tone(device), what, device.str(), text);
    };
    cell("in", plan_.placement.input, "input embeddings");
    for (const auto& run : plan_.placement.layers)
      for (int i = run.first; i < run.first + run.count; ++i)
        cell(std::to_string(i), run.device, "layer " + std::to_string(i));
    cell("out", plan_.placement.output, "output");
    add("</div>\n");
    if (!plan_.placement.tensors.empty())
      add("<p>{} single tensors lie apart from their layers: see the table.</p>\n", plan_.placement.tensors.size());
  }

  void add_problems() {
    if (plan_.outcome == PlanOutcome::fits) return;
    add("<h2>What lacks</h2>\n<ul>\n");
    for (const auto& each : plan_.missing)
      add("<li>{} needs {}, and has {}</li>\n", each.device.str(), in_units(each.needed_bytes),
          in_words(each.available_bytes));
    add("</ul>\n<h2>What would help, each alone</h2>\n<ul>\n");
    for (const auto& change : plan_.changes) add("<li>{}</li>\n", in_markup(change.str()));
    add("</ul>\n");
  }

  void add_reasons() {
    if (plan_.reasons.empty()) return;
    add("<h2>Reasons</h2>\n<table><tbody>\n");
    for (const auto& [part, text] : plan_.reasons)
      add("<tr><td class=\"name\">{}</td><td>{}</td></tr>\n", in_markup(part), in_markup(text));
    add("</tbody></table>\n");
  }

  void add_alternatives() {
    if (others_.empty()) return;
    add("<h2>Alternatives</h2>\n<table><thead><tr><th>Plan</th><th "
        "class=\"n\">Tokens/s</th><th>Layers</th></tr></thead>"
        "<tbody>\n");
    for (const auto& [what, plan] : others_) {
      const bool fits = plan.outcome == PlanOutcome::fits;
      add("<tr><td class=\"name\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n", in_markup(what),
          plan.predicted ? rate_text(plan.predicted->decode_tokens_per_s) : "",
          fits ? layers_text(plan.placement) : "does not fit");
    }
    add("</tbody></table>\n");
  }

  static std::string layers_text(const Placement& placement) {
    std::string text;
    for (const auto& run : placement.layers)
      text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", run.count, run.device.str());
    return text;
  }

  void add_tensors() {
    const auto layout = plan::engine_layout(profile_, plan_.placement, plan_.context, {});
    const plan::PlacedWeights weights(profile_, plan_.placement, layout);
    if (plan_.placement.layers.empty() || weights.all().empty()) return;
    add("<h2>Tensors</h2>\n<details open><summary>{} of them</summary>\n<table><thead><tr><th>Name</th><th>Type</th>"
        "<th>Shape</th><th class=\"n\">Bytes</th><th>Device</th></tr></thead><tbody>\n",
        weights.all().size());
    for (const auto& [tensor, backend, type] : weights.all())
      add("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
          in_markup(tensor->name), in_markup(tensor->type), shape_text(*tensor), tensor->bytes,
          layout.devices[static_cast<std::size_t>(backend)].str());
    add("</tbody></table></details>\n");
  }

  static std::string shape_text(const TensorInfo& tensor) {
    std::string text;
    for (const auto extent : tensor.shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
    return text;
  }

  const Plan& plan_;
  const ModelProfile& profile_;
  const Inventory& inventory_;
  const std::vector<Alternative>& others_;
  const PlanRequest& request_;
  std::map<Device, std::size_t> tones_;
  std::string body_;
};

}  // namespace

std::string to_html(const Plan& plan, const ModelProfile& profile, const Inventory& inventory,
                    const std::vector<Alternative>& others, const PlanRequest& request) {
  return HtmlPage(plan, profile, inventory, others, request).str();
}

}  // namespace berth
