"""A package that brings one model; its YAML file lies beside this one."""
