//! 编辑器的简体中文用语。 What the editor says, in Simplified Chinese.

use super::{Editor, joined};
use crate::assist::Miss;
use std::sync::LazyLock;
use tidepool_core::api::fields::texts;
use tidepool_core::base::FlatMap;

pub(crate) const EDITOR: Editor = Editor {
    label_of_pods: "Pod 带有的标签。",
    template_only: "模板",
    container_port: "容器端口",
    completions: "补全建议",
    required: "必填",
    allowed: "可取",
    show_message: "显示提示",
    hide_message: "收起提示",
    files: "文件",
    new_file: "新建文件",
    file_name: "文件名",
    rename_file: "重命名",
    close_file: "关闭",
    closed_file: "已关闭",
    reopen_file: "恢复",
    create: "创建",
    cancel: "取消",
    keep_name: "重命名",
    run_file: "运行",
    bad_length: "文件名为 1 到 64 个字符。",
    bad_characters: "只能用文字、数字、点、连字符和下划线，并以文字或数字开头。",
    bad_ending: "请以 .yaml、.yml、.json、.py、.sh 或 .txt 结尾。",
    bad_taken: "已有同名文件。",
    open_file: "打开…",
    save_file: "保存",
    open_title: "打开这台电脑上的文件：.yaml、.yml、.json、.py、.sh 或 .txt",
    drop_here: "松开即可打开文件",
    too_large: "超过 1 MiB，没有打开。请拆分文件，或去掉用不到的部分。",
    bad_file: "没有打开：文件名须以 .yaml、.yml、.json、.py、.sh 或 .txt 结尾。请先重命名。",
    not_text: "不是 UTF-8 文本，没有打开。请先另存为 UTF-8。",
    too_many: "没有打开：所有文件合计会超过 2 MiB，浏览器存不下。请先关闭用不到的文件。",
    program_waits: "终端里的程序在等你编辑完这个文件。",
    save_and_quit: "保存并退出",
    quit: "不保存退出",
    show_it: "转到该文件",
    diff: "差异",
    diff_title: "apply 会改变什么",
    is_new: "新建",
    is_same: "无变化",
    is_changed: "有变化",
    not_applied: "集群里还没有这个对象。",
    against_live: "它不是由 kubectl apply 创建的：只与这里写出的字段比较。",
    no_documents: "没有可比较的对象。",
    cannot_compare: "读不懂的清单无法比较。",
    key_complete: "光标处可以写什么（编辑器内）",
    key_help: "光标处的字段是什么（编辑器内）",
    key_message: "到光标处或其下方的提示（编辑器内）",
    miss,
    change: |value| format!("改为 {value}"),
    kind: |shape| of(shape.struct_name()).unwrap_or_else(|| texts::of_struct(shape)),
    field: |shape, name| {
        let own = of(&format!("{}.{name}", shape.struct_name())).or_else(|| of(&format!("*.{name}")));
        own.unwrap_or_else(|| texts::of_field(shape, name))
    },
};

/// By struct, or by struct and field, as in `kubectl explain`'s English.
static FIELDS: LazyLock<FlatMap<&'static str, &'static str>> = LazyLock::new(|| {
    include_str!("fields_zh_cn.txt").lines().filter_map(|line| line.split_once(": ")).collect()
});

fn of(name: &str) -> Option<&'static str> {
    FIELDS.get(name).copied()
}

fn miss(miss: &Miss) -> String {
    match miss {
        Miss::Label { wanted, near: None } => format!("还没有 Pod 带有 {wanted}。"),
        Miss::Label { wanted, near: Some((near, 0)) } => {
            format!("没有 Pod 带有 {wanted}。这里有模板带有 {near}。")
        }
        Miss::Label { wanted, near: Some((near, pods)) } => {
            format!("没有 Pod 带有 {wanted}。有 {pods} 个 Pod 带有 {near}。")
        }
        Miss::Together => "这些标签各自都有 Pod 带有，但没有一个 Pod 同时带有全部标签。".into(),
        Miss::PortName { name, declared } => {
            format!("选中的 Pod 里没有容器端口叫 {name}。它们声明了 {}。", joined(declared, "、"))
        }
        Miss::PortNumber { number, declared } => {
            format!("选中的 Pod 声明的端口是 {}，而不是 {number}。", joined(declared, "、"))
        }
        Miss::Template { wanted, found: Some(found) } => {
            format!("模板的标签是 {found}，不是 {wanted}：API server 会拒绝。")
        }
        Miss::Template { wanted, found: None } => format!("模板的标签里没有 {wanted}：API server 会拒绝。"),
        Miss::Namespace(name) => format!("命名空间 {name} 不存在。"),
        Miss::Field { name, near: Some(near) } => format!("这里没有字段 {name}。是不是想写 {near}？"),
        Miss::Field { name, near: None } => format!("这里没有字段 {name}。"),
        Miss::Kind { name, near: Some(near) } => format!("没有名为 {name} 的类型。是不是想写 {near}？"),
        Miss::Kind { name, near: None } => format!("没有名为 {name} 的类型。"),
        Miss::Version { kind, version } => format!("{kind} 的 apiVersion 是 {version}。"),
        Miss::Type(field, wanted) => format!("{field} 的值应为 {wanted}。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidepool_core::api::fields::{Shape, structs};

    #[test]
    fn every_text_is_about_a_field_that_exists() {
        let structs: Vec<Shape> = structs().collect();
        for name in FIELDS.keys() {
            let (of, field) = name.split_once('.').unwrap_or((name, ""));
            let mut fitting = structs.iter().filter(|shape| of == "*" || shape.struct_name() == of);
            assert!(fitting.any(|shape| field.is_empty() || shape.field(field).is_some()), "{name}");
        }
        assert!(FIELDS.len() > 60);
    }
}
