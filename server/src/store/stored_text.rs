//! Enums as both engines store them: as text.

use quchat_shared::{
    room::{Notify, Role, RoomKind},
    user::ServerRole,
};

use super::event_columns::EventKind;

/// An enum that is stored as text.
pub(in crate::store) trait Text: Sized + 'static {
    fn to_text(self) -> &'static str;
    fn from_text(text: &str) -> Option<Self>;
    #[cfg(test)]
    const ALL: &'static [Self];
}

macro_rules! texts {
    ($($type:ident { $($variant:ident = $text:literal),* $(,)? })*) => {$(
        impl Text for $type {
            fn to_text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
            fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$variant),*];
        }
    )*};
}

texts! {
    ServerRole { Member = "member", Admin = "admin" }
    RoomKind { Public = "public", Private = "private", Direct = "direct" }
    Role { Owner = "owner", Moderator = "moderator", Member = "member" }
    Notify { All = "all", Mentions = "mentions", None = "none" }
    EventKind {
        RoomCreated = "room.created",
        RoomUpdated = "room.updated",
        RoomDeleted = "room.deleted",
        MemberJoined = "member.joined",
        MemberUpdated = "member.updated",
        MemberLeft = "member.left",
        MessageCreated = "message.created",
        MessageUpdated = "message.updated",
        ReadUpdated = "read.updated",
        SettingsUpdated = "settings.updated",
        BanUpdated = "ban.updated",
    }
}
