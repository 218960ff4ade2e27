//! Where lessons come from: Markdown beside the page, fetched when it is wanted. Knows addresses, not what a lesson does.

use crate::model::Dispatch;
use crate::session::Action;
use crate::session::lesson::Loaded;
use crate::words::Language;
use gloo::utils::window;
use std::rc::Rc;
use tidepool_tutorials::Lesson;
use tidepool_tutorials::course::Course;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Fetches the list of lessons, and the lesson that a reload goes back to.
pub fn load_course(dispatch: Dispatch, resumes: Option<(String, usize)>) {
    spawn_local(async move {
        let course = text("course.yaml").await.and_then(|text| Course::parse(&text));
        match course {
            Ok(course) => dispatch.emit(Action::Course(Rc::new(course))),
            Err(why) => return dispatch.emit(Action::LessonFailed(why)),
        }
        if let Some((folder, step)) = resumes {
            match lesson(&folder).await {
                Ok(loaded) => dispatch.emit(Action::ResumeLesson(loaded, step)),
                Err(why) => dispatch.emit(Action::LessonFailed(why)),
            }
        }
    });
}

/// Fetches a lesson and begins it.
pub fn begin(dispatch: Dispatch, folder: String) {
    spawn_local(async move {
        match lesson(&folder).await {
            Ok(loaded) => dispatch.emit(Action::BeginLesson(loaded)),
            Err(why) => dispatch.emit(Action::LessonFailed(why)),
        }
    });
}

async fn lesson(folder: &str) -> Result<Loaded, String> {
    let mut texts = Vec::new();
    for language in Language::ALL {
        let tag = language.words().tag;
        let file = format!("{folder}/{tag}.md");
        let lesson = Lesson::parse(&text(&file).await?)
            .map_err(|(line, message)| format!("{file}:{line}: {message}"))?;
        texts.push((tag, Rc::new(lesson)));
    }
    let start = texts.first().map(|(_, lesson)| lesson.about.start.clone()).unwrap_or_default();
    let start = if start.is_empty() { start } else { text(&format!("{folder}/{start}")).await? };
    Ok(Loaded { folder: folder.into(), texts, start })
}

/// The text of a file beside the page.
async fn text(file: &str) -> Result<String, String> {
    let said = |error: JsValue| {
        let message = js_sys::Reflect::get(&error, &"message".into()).ok().and_then(|text| text.as_string());
        format!("{file}: {}", message.unwrap_or_default())
    };
    let response =
        JsFuture::from(window().fetch_with_str(&format!("/lessons/{file}"))).await.map_err(said)?;
    let response: web_sys::Response = response.dyn_into().map_err(said)?;
    if !response.ok() {
        return Err(format!("{file}: HTTP {}", response.status()));
    }
    let body = JsFuture::from(response.text().map_err(said)?).await.map_err(said)?;
    body.as_string().ok_or_else(|| format!("{file}: no text"))
}
