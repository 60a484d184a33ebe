# Sanitizers have nothing to say about scripts.
if(BERTH_SANITIZE)
  return()
endif()

# The scripts and the cache, in folders of their own and without a network; what the machine does not allow is skipped.
function(add_script_test script scenario)
  set(name scripts.${script}.${scenario})
  add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_LIST_DIR}/${script}_test.sh ${scenario})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS scripts SKIP_RETURN_CODE 77)
endfunction()

foreach(scenario nothing_missing not_root root stale_package_lists)
  add_script_test(bootstrap ${scenario})
endforeach()
foreach(scenario fetches_once wrong_hash file_size_limit full_disk interrupted)
  add_script_test(get_model ${scenario})
endforeach()
if(BERTH_LLAMA)
  foreach(scenario pinned_archive wrong_hash named_folder installed_package options modules
      file_size_limit full_disk killed two_at_once)
    add_script_test(llama_cache ${scenario})
  endforeach()
endif()
