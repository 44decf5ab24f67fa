; Places that touch the finalizers of something. What they mean is decided by running them.

((call_expression
  function: (selector_expression field: (field_identifier) @_method)) @access
  (#any-of? @_method "GetFinalizers" "SetFinalizers" "AddFinalizer" "RemoveFinalizer" "ContainsFinalizer"))

((selector_expression field: (field_identifier) @_field) @access
  (#eq? @_field "Finalizers"))
