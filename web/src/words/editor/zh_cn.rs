//! 编辑器的简体中文用语。 What the editor says, in Simplified Chinese.

use super::{Editor, joined};
use crate::assist::Miss;
use tidepool_core::shell::kubectl::explain::texts;

pub(crate) const EDITOR: Editor = Editor {
    label_of_pods: "Pod 带有的标签。",
    template_only: "模板",
    container_port: "容器端口",
    completions: "补全建议",
    miss,
    change: |value| format!("改为 {value}"),
    field: |shape, name| texts::of_field(shape, name),
};

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
