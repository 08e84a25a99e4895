"""A mapping that uses every word of the language, for tests that must hold for any mapping."""

from __future__ import annotations

RICH = """\
version: 1
fields:
  code: {label: 编码, columns: {sql: cCusCode, openapi: code}}
  name: {label: 名称, columns: {sql: cCusName, openapi: name}, operators: [trim], required: true}
  first: {label: 首段, columns: {sql: cCusCode, openapi: code}, operators: [{prefix: 2}, {table: areas}]}
  class: {label: 分类, columns: {sql: cCCCode, openapi: sort_code}, operators: [trim, {table: classes}]}
  roles:
    label: 角色
    columns: {sql: cCusDefine4, openapi: self_define4}
    operators: [half_width, {split: ","}, {table: roles}, sort]
    write: canonical
  since: {label: 日期, columns: {sql: dCusDevDate, openapi: seed_date}, operators: [trim, date]}
  special:
    label: 特别
    columns: {sql: cCusDefine7, openapi: self_define7}
    only_if: {class: [经销, 华南]}
    operators: [trim, upper, {table: kept}]
    default: NONE
  kind:
    label: 种类
    default: 未知
    choose:
      - {when: {class: 经销, roles: 供应商}, value: 双向}
      - {when: {roles: {empty: false}}, value: 渠道}
      - {when: {class: {is_not: 其他}}, value: 终端}
  shorter: {label: 简称, from_field: kind, operators: [{prefix: 1}]}
  note:
    label: 备注
    columns: {sql: cCusDefine8, openapi: self_define8}
    operators: [trim, {table: notes}]
    write_field: kind
    width: 2
  grade:
    label: 等级
    columns: {sql: cCusDefine5, openapi: self_define5}
    operators: [trim, {table: grades}]
    write: tier
  grade_too: {label: 等级二, columns: {sql: cCusDefine6}, operators: [{table: second}], write: tier}
tables:
  areas: {match: exact, values: {"01": 东, "02": 西}}
  classes: {match: prefix, unmapped: default, default: 其他, values: {"01": 经销, "0102": 华南, "02": 终端}}
  roles: {values: {供应商: 供应商, 供货商: 供应商, 分销商: 分销商}}
  kept: {unmapped: keep, values: {A1: 甲, NONE: NONE}}
  notes: {unmapped: keep, values: {S: 双向, Q: 渠道, Z: 终端, W: 未知}}
  grades:
    match: pattern
    values: {"V.*|贵宾": VIP, "重.*": 重要, ".+": 一般}
    spellings: {VIP: VIP, 重要: 重要, 一般: 普通}
  second: {values: {"1": VIP, "2": 重要, "3": 一般}}
"""
"""Loads without a problem; every field but ``grade_too`` can be read in both ways."""
