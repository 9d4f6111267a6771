// tables.svh - fields of table entries by name: entry[`ID_UP_RID]. Widths and places are those of
// src/pool/layout.def, from which the build makes pool_layout.svh; none is repeated here.
`ifndef POOLSIM_TABLES_SVH
`define POOLSIM_TABLES_SVH
`include "pool_layout.svh"

`define ID_UP_KEY_PORT pool_layout::ID_UP_KEY_PORT_LSB+:pool_layout::ID_UP_KEY_PORT_W
`define ID_UP_KEY_RID pool_layout::ID_UP_KEY_RID_LSB+:pool_layout::ID_UP_KEY_RID_W
`define ID_UP_PORT pool_layout::ID_UP_PORT_LSB+:pool_layout::ID_UP_PORT_W
`define ID_UP_RID pool_layout::ID_UP_RID_LSB+:pool_layout::ID_UP_RID_W
`define ID_UP_FUNCTION pool_layout::ID_UP_FUNCTION_LSB+:pool_layout::ID_UP_FUNCTION_W
`define ID_UP_VALID pool_layout::ID_UP_VALID_LSB

`define ID_DOWN_KEY_PORT pool_layout::ID_DOWN_KEY_PORT_LSB+:pool_layout::ID_DOWN_KEY_PORT_W
`define ID_DOWN_KEY_RID pool_layout::ID_DOWN_KEY_RID_LSB+:pool_layout::ID_DOWN_KEY_RID_W
`define ID_DOWN_PORT pool_layout::ID_DOWN_PORT_LSB+:pool_layout::ID_DOWN_PORT_W
`define ID_DOWN_RID pool_layout::ID_DOWN_RID_LSB+:pool_layout::ID_DOWN_RID_W
`define ID_DOWN_FUNCTION pool_layout::ID_DOWN_FUNCTION_LSB+:pool_layout::ID_DOWN_FUNCTION_W
`define ID_DOWN_VALID pool_layout::ID_DOWN_VALID_LSB

`define ADDR_MAP_KEY_PORT pool_layout::ADDR_MAP_KEY_PORT_LSB+:pool_layout::ADDR_MAP_KEY_PORT_W
`define ADDR_MAP_KEY_BASE pool_layout::ADDR_MAP_KEY_BASE_LSB+:pool_layout::ADDR_MAP_KEY_BASE_W
`define ADDR_MAP_KEY_LOG2_BYTES pool_layout::ADDR_MAP_KEY_LOG2_BYTES_LSB+:pool_layout::ADDR_MAP_KEY_LOG2_BYTES_W
`define ADDR_MAP_BASE pool_layout::ADDR_MAP_BASE_LSB+:pool_layout::ADDR_MAP_BASE_W
`define ADDR_MAP_PORT pool_layout::ADDR_MAP_PORT_LSB+:pool_layout::ADDR_MAP_PORT_W
`define ADDR_MAP_FUNCTION pool_layout::ADDR_MAP_FUNCTION_LSB+:pool_layout::ADDR_MAP_FUNCTION_W
`define ADDR_MAP_VALID pool_layout::ADDR_MAP_VALID_LSB

`define CFG_SHADOW_KEY_PORT pool_layout::CFG_SHADOW_KEY_PORT_LSB+:pool_layout::CFG_SHADOW_KEY_PORT_W
`define CFG_SHADOW_KEY_FUNCTION pool_layout::CFG_SHADOW_KEY_FUNCTION_LSB+:pool_layout::CFG_SHADOW_KEY_FUNCTION_W
`define CFG_SHADOW_KEY_DW pool_layout::CFG_SHADOW_KEY_DW_LSB+:pool_layout::CFG_SHADOW_KEY_DW_W
`define CFG_SHADOW_DATA pool_layout::CFG_SHADOW_DATA_LSB+:pool_layout::CFG_SHADOW_DATA_W
`define CFG_SHADOW_WRITE_MASK pool_layout::CFG_SHADOW_WRITE_MASK_LSB+:pool_layout::CFG_SHADOW_WRITE_MASK_W
`define CFG_SHADOW_W1C_MASK pool_layout::CFG_SHADOW_W1C_MASK_LSB+:pool_layout::CFG_SHADOW_W1C_MASK_W
`define CFG_SHADOW_PASS pool_layout::CFG_SHADOW_PASS_LSB
`define CFG_SHADOW_VALID pool_layout::CFG_SHADOW_VALID_LSB

`endif
