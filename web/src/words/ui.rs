//! The fixed strings of the page: one field each, so that a language that lacks one does not compile.

macro_rules! ui {
    ($($name:ident),* $(,)?) => {
        /// Fixed strings; the names say where they stand.
        #[derive(Debug)]
        #[allow(missing_docs)]
        pub struct Ui { $(pub $name: &'static str,)* }
    };
}

ui! {
    // Top bar
    tagline, skip_to_stage, language, theme_to_dark, theme_to_light, reset, reset_title, reset_question, reset_yes,
    reset_no, undo, undo_title, help_title, close, seed,
    stored_problem,
    share_link, share_title, share_text, share_label, share_copied, share_copy, share_long, unreadable_damaged, unreadable_large, unreadable_other, dismiss,
    shared_question, shared_yes, shared_no, replaying,
    // Guide
    guide, guide_eyebrow, guide_title, guide_lead, guide_step1, guide_step1_text, guide_step1_run, guide_step2,
    guide_step2_text, guide_step2_run, guide_step3, guide_step3_text, guide_step3_run, guide_step4, guide_step4_text,
    guide_step5, guide_step5_text, guide_after, run, done,
    // Lessons
    lesson, lessons, lessons_text, lesson_leave, lesson_failed, lesson_again, begin, hint, show_me, previous, next, finish, into_editor, prints,
    before_you_look, not_yet,
    // Stage
    stage, empty_title, empty_text, empty_button, lens, lens_traffic, lens_registration, lens_dns, believes, happens,
    belief, reality, belief_help, no_one_home, no_endpoints, operator, api_server, etcd, controllers,
    node_agents, kubectl, rules_title, rules_none, zone, not_ready, legend, legend_dns, legend_request, legend_answer,
    legend_failure, legend_probe, legend_watch, legend_tcp, legend_api, starting,
    // Inspector
    inspector, terminal_here, whole_object, why_not, it_works, its_rules,
    // Clock
    clock, play, pause, step_title, back_title, pace, pace_story, pace_clock, pace_help, speed, scrubber,
    // Journey
    journey, journey_empty, journey_empty_text, followed, evidence, resolv_conf, dns_message, conntrack,
    hop_list, waiting, failed, answered, show_all, show_main, raw, running,
    // Workbench
    workbench, manifests, terminal, objects, rules, dns, traffic, log,
    examples, example_hint, example_article, example_flat, example_deployment, example_client, example_ingress, example_all, apply, apply_title, delete_manifest, no_problems,
    restore_indentation, restore_comments, lost_comments, fix_hint, problems_list, editor_label, syntax_error,
    new_terminal, terminal_hint, on_host, in_pod, close_terminal, interrupt, busy, prompt_label, terminal_ended,
    kind, namespace, name_column, state, details, no_objects, filter, select_object,
    node, rules_empty, rule_set, lit_rule,
    dns_empty, question, answer, asked_by, decoded, corefile, dns_log,
    traffic_empty, destination, requests, share, success, median, slowest,
    log_empty, log_filter, only_followed, kept_events, moved, decided, changed, refused,
    // Handles between regions
    sizes, resize_guide, resize_journey, resize_bench, resize_pair,
    // Shortcuts
    key_play, key_step, key_back, key_terminal, key_editor, key_apply, key_theme, key_help, key_tabs,
}
