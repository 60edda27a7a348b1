//! What is published beside the code, the JSON Schema and the page that documents program files, says what the code
//! does.

mod agreement;
mod documentation;
mod json;
mod pages;
