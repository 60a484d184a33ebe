/// Device maps of accelerate 1.15.0: the same where it is asked for, and better ones where they are bad.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "corpus/accelerate_cases.h"
#include "plan/device_map/accelerate.h"
#include "plan/device_map/torch_dtype_size.h"

namespace berth::corpus {
namespace {

/// Runs `check` on each case; a case that fails does not end the others.
void for_each_case(const std::function<void(const AccelerateCase&)>& check) {
  const auto files = accelerate_files();
  if (files.empty() && std::getenv("BERTH_CORPUS_DIR") != nullptr)
    GTEST_SKIP() << "the corpus in BERTH_CORPUS_DIR has no " << accelerate_folder();
  ASSERT_FALSE(files.empty()) << accelerate_folder() << " holds no cases";
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename().string());
    try {
      check(read_accelerate_case(file));
    } catch (const std::exception& problem) {
      ADD_FAILURE() << problem.what();
    }
  }
}

DeviceMapRequest with(DeviceMapRequest request, MapStrategy strategy, bool compat) {
  request.strategy = strategy;
  request.compat = compat;
  return request;
}

/// The numbers of bytes in what accelerate tells. The words are Berth's own.
std::vector<std::string> numbers(const std::vector<std::string>& messages) {
  std::vector<std::string> found;
  for (const auto& message : messages)
    for (std::size_t at = message.find(" bytes"); at != std::string::npos; at = message.find(" bytes", at + 1)) {
      auto start = at;
      while (start > 0 && std::string_view("0123456789.e+").find(message[start - 1]) != std::string_view::npos) --start;
      if (start < at) found.push_back(message.substr(start, at - start));
    }
  return found;
}

std::vector<std::string> all_names(const DeviceMap& map) {
  std::vector<std::string> names;
  for (const auto& [name, device] : map) names.push_back(name + "=" + device.str());
  return names;
}

TEST(Accelerate, CountsTensorsTheSame) {
  for_each_case([](const AccelerateCase& each) {
    for (const auto& dict : each.at("tensors").as_array()) {
      const auto* counted = dict.find("counted");
      if (counted == nullptr) continue;
      const auto& name = dict.as_object().at("name").as_string();
      const auto tensor = std::ranges::find(each.tree.tensors, name, &ModuleTensor::name);
      const auto bits = tensor->alias_of.empty() ? plan::counted_bits(*tensor, each.request.dtype) : 0;
      EXPECT_EQ(static_cast<double>(bits) / 8, counted->as_double()) << name;
    }
  });
}

TEST(Accelerate, BalancesBudgetsTheSame) {
  for_each_case([](const AccelerateCase& each) {
    const auto* recorded = each.all.find("balanced_max_memory");
    if (recorded == nullptr) return;
    const plan::ModuleGraph graph(each.tree);
    const auto budgets = plan::counted_budgets(plan::AccelerateModel(graph, each.request.dtype), each.request);
    ASSERT_EQ(budgets.size(), recorded->as_array().size());
    for (std::size_t i = 0; i < budgets.size(); ++i) {
      const auto& pair = recorded->as_array()[i].as_array();
      EXPECT_EQ(budgets[i].device, recorded_device(pair[0]));
      EXPECT_EQ(budgets[i].limit.as_double(), pair[1].as_double()) << pair[0];
      EXPECT_EQ(budgets[i].limit.is_float, pair[1].is_double()) << pair[0];
    }
  });
}

TEST(Accelerate, MapsAreTheSame) {
  for_each_case([](const AccelerateCase& each) {
    if (!each.at("mapping_stable").as_bool()) return;
    const auto request = with(each.request, each.request.strategy, true);
    if (each.error() != nullptr) {
      try {
        ADD_FAILURE() << "no error: " << plan_device_map(each.tree, request).device_map;
      } catch (const AccelerateError& error) {
        EXPECT_EQ(error.type(), each.error()->as_object().at("type").as_string());
        EXPECT_EQ(error.message(), each.error()->as_object().at("message").as_string());
      }
      return;
    }
    const auto plan = plan_device_map(each.tree, request);
    const auto expected = recorded_map(each.at("expected").as_object().at("device_map"));
    EXPECT_EQ(plan.device_map, expected);
    if (each.at("order_stable").as_bool()) {
      EXPECT_EQ(all_names(plan.device_map), all_names(expected));
    }
    EXPECT_EQ(numbers(plan.warnings), numbers(texts(each.all.find("warnings"))));
    EXPECT_EQ(numbers(plan.infos), numbers(texts(each.all.find("infos"))));
  });
}

TEST(Accelerate, MapsMeanTheSame) {
  for_each_case([](const AccelerateCase& each) {
    if (each.error() != nullptr || each.all.find("usage_bytes") == nullptr) return;
    const auto map = recorded_map(each.at("expected").as_object().at("device_map"));
    const auto report = check_device_map(each.tree, map, each.request);
    const auto& usage = each.at("usage_bytes").as_array();
    ASSERT_EQ(report.use.size(), usage.size());
    for (std::size_t i = 0; i < usage.size(); ++i) {
      EXPECT_EQ(report.use[i].device, recorded_device(usage[i].as_array()[0]));
      EXPECT_EQ(report.use[i].bytes, static_cast<std::uint64_t>(usage[i].as_array()[1].as_int()));
    }
    EXPECT_EQ(report.over_budget.size(), each.at("over_budget").as_array().size());
    EXPECT_EQ(report.tied_split.size(), each.at("tied_split").as_array().size());
    EXPECT_EQ(report.uncovered, texts(each.all.find("uncovered")));
    // A part that is larger than the whole device does not count here, and neither does one without a device.
    const auto* headroom = each.all.find("headroom");
    if (headroom == nullptr || report.off_accelerator_bytes == 0) return;
    const auto of = [&](std::string_view name) {
      return static_cast<std::uint64_t>(headroom->as_object().at(name).as_int());
    };
    EXPECT_EQ(report.main_free_bytes, of("free"));
    if (report.uncovered.empty() && of("largest_offloaded_unit") <= report.main_free_bytes + report.use.front().bytes) {
      EXPECT_EQ(report.largest_offloaded_bytes, of("largest_offloaded_unit"));
    }
  });
}

/// Each module that must not be divided is under one entry, or in one.
void expect_whole(const AccelerateCase& each, const DeviceMap& map) {
  for (const auto& module : each.tree.modules) {
    if (!module.no_split || module.path.empty()) continue;
    std::set<Device> devices;
    for (const auto& [name, device] : map)
      if (name.starts_with(module.path + ".")) devices.insert(device);
    EXPECT_LE(devices.size(), 1u) << module.path << " is divided";
  }
}

void expect_no_worse_than_reference(const AccelerateCase& each, const DeviceMapPlan& plan, bool plan_evens_out) {
  const auto& report = plan.report;
  EXPECT_TRUE(report.over_budget.empty());
  EXPECT_TRUE(report.uncovered.empty()) << report.uncovered.front();
  EXPECT_TRUE(report.tied_split.empty());
  EXPECT_TRUE(report.is_sound());
  expect_whole(each, plan.device_map);
  const auto& reference = each.at("reference").as_object();
  const auto of = [&](std::string_view name) { return static_cast<std::uint64_t>(reference.at(name).as_int()); };
  EXPECT_LE(report.off_accelerator_bytes, of("off_accelerator_bytes"));
  EXPECT_LE(report.disk_bytes, of("disk_bytes"));
  if (reference.contains("busiest_contiguous_bytes") && plan_evens_out) {
    EXPECT_LE(report.busiest_accelerator_bytes, of("busiest_contiguous_bytes"));
  }
}

TEST(Optimal, IsWithinBudgetsAndNoWorseThanTheReference) {
  for_each_case([](const AccelerateCase& each) {
    expect_no_worse_than_reference(each, plan_device_map(each.tree, with(each.request, MapStrategy::optimal, false)),
                                   true);
  });
}

TEST(Accelerate, BadMapsAreReplacedByBetterOnesUnlessAskedFor) {
  for_each_case([](const AccelerateCase& each) {
    if (each.all.find("note") == nullptr) return;
    const auto plan = plan_device_map(each.tree, each.request);
    EXPECT_TRUE(plan.report.is_sound());
    if (each.is_bad()) {
      expect_no_worse_than_reference(each, plan, each.request.strategy != MapStrategy::balanced_low_0);
    } else {
      EXPECT_EQ(plan.device_map, recorded_map(each.at("expected").as_object().at("device_map")))
          << (plan.reasons.empty() ? "" : plan.reasons.front());
    }
  });
}

}  // namespace
}  // namespace berth::corpus
