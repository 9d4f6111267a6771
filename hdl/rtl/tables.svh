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

`define WINDOW_KEY_PORT pool_layout::WINDOW_KEY_PORT_LSB+:pool_layout::WINDOW_KEY_PORT_W
`define WINDOW_KEY_BASE pool_layout::WINDOW_KEY_BASE_LSB+:pool_layout::WINDOW_KEY_BASE_W
`define WINDOW_KEY_LIMIT pool_layout::WINDOW_KEY_LIMIT_LSB+:pool_layout::WINDOW_KEY_LIMIT_W
`define WINDOW_PORT pool_layout::WINDOW_PORT_LSB+:pool_layout::WINDOW_PORT_W
`define WINDOW_VALID pool_layout::WINDOW_VALID_LSB

`define BUS_KEY_PORT pool_layout::BUS_KEY_PORT_LSB+:pool_layout::BUS_KEY_PORT_W
`define BUS_KEY_BUS pool_layout::BUS_KEY_BUS_LSB+:pool_layout::BUS_KEY_BUS_W
`define BUS_KIND pool_layout::BUS_KIND_LSB+:pool_layout::BUS_KIND_W
`define BUS_PORT pool_layout::BUS_PORT_LSB+:pool_layout::BUS_PORT_W
`define BUS_TYPE pool_layout::BUS_TYPE_LSB+:pool_layout::BUS_TYPE_W
`define BUS_FIRST_FUNCTION pool_layout::BUS_FIRST_FUNCTION_LSB+:pool_layout::BUS_FIRST_FUNCTION_W
`define BUS_N_FUNCTIONS pool_layout::BUS_N_FUNCTIONS_LSB+:pool_layout::BUS_N_FUNCTIONS_W
`define BUS_VALID pool_layout::BUS_VALID_LSB

`define PORT_KEY_PORT pool_layout::PORT_KEY_PORT_LSB+:pool_layout::PORT_KEY_PORT_W
`define PORT_OWNER_PORT pool_layout::PORT_OWNER_PORT_LSB+:pool_layout::PORT_OWNER_PORT_W
`define PORT_PROXY_RID pool_layout::PORT_PROXY_RID_LSB+:pool_layout::PORT_PROXY_RID_W
`define PORT_DEVICE_BUS pool_layout::PORT_DEVICE_BUS_LSB+:pool_layout::PORT_DEVICE_BUS_W
`define PORT_VALID pool_layout::PORT_VALID_LSB

// Tables of pool_switch by their number at its write port.
`define POOL_TABLE_ID_UP 3'd0
`define POOL_TABLE_ID_DOWN 3'd1
`define POOL_TABLE_ADDR_MAP 3'd2
`define POOL_TABLE_LENT 3'd3 // addr_map of the Owner's addresses that are lent
`define POOL_TABLE_WINDOW 3'd4
`define POOL_TABLE_BUS 3'd5
`define POOL_TABLE_PORT 3'd6
`define POOL_TABLE_CFG_SHADOW 3'd7

`endif
