//! An HTTP answer, received by any of the test clients, and checks that hold for every answer of its kind.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Status, header fields and the complete body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The first field of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Checks the status and returns the answer.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        if status == 204 {
            assert_eq!(self.text(), "", "204 is No Content");
        }
        self
    }

    /// The body of a success, after checking that its media type is JSON.
    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        let media_type = self.header("content-type").unwrap_or_default();
        assert!(media_type.starts_with("application/json"), "content type {media_type:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// The body of a success as it is on the wire.
    #[track_caller]
    pub(crate) fn value(&self) -> Value {
        self.json()
    }

    /// The body of an error, after checking that it is a problem as RFC 9457 and the contract require.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Value {
        let text = self.text();
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["type"], "about:blank", "{text}");
        assert_eq!(problem["status"], status, "{text}");
        assert_eq!(problem["kind"], kind, "{text}");
        for sentence in ["title", "detail"] {
            assert!(problem[sentence].as_str().is_some_and(|s| !s.trim().is_empty()), "no {sentence} in {text}");
        }
        let lower = text.to_lowercase();
        for leak in ["sql", "panick", ".rs", "/tmp", "/home", "constraint", "no such table", "backtrace"] {
            assert!(!lower.contains(leak), "{leak:?} leaks in {text}");
        }
        match status {
            401 => {
                let challenge = self.header("www-authenticate").unwrap_or_default();
                assert!(challenge.starts_with("Bearer"), "RFC 6750 requires a challenge, got {challenge:?}");
            }
            405 => assert!(self.header("allow").is_some_and(|allow| !allow.is_empty()), "405 without Allow"),
            422 => assert!(problem["errors"].as_array().is_some_and(|e| !e.is_empty()), "no field named in {text}"),
            429 | 503 => {
                let seconds: u64 = self.header("retry-after").expect("Retry-After").parse().expect("whole seconds");
                assert!(seconds >= 1, "Retry-After must be at least 1 second");
            }
            _ => {}
        }
        problem
    }

    /// Checks that the answer is a 422 that names exactly this field.
    #[track_caller]
    pub(crate) fn refuses(&self, field: &str) {
        let problem = self.problem(422, "invalid");
        let blamed: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!(blamed, [field], "{problem}");
        assert!(!problem["errors"][0]["detail"].as_str().unwrap().is_empty());
    }
}
