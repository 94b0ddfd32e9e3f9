//! The table of rights: every route on a room, as everybody, in rooms of every kind.
//!
//! A row has the name of its endpoint, the request, the reply, the events, and one outcome for each of the actors
//!
//! `s` stranger, `b` banned, `f` former member, `m` member, `M` moderator, `o` owner, `a` admin of the server who is no
//! member, `x` owner of another room
//!
//! in four kinds of rooms. In a private room `b` and `f` are strangers; a direct room is that of `m` and another user.
//!
//! | outcome | meaning |
//! |---|---|
//! | `+` | done: the reply, and the events of the row |
//! | `j` | as `+`, and joins the room first |
//! | `h` | as `+`, and somebody inherits the room |
//! | `=` | done, and nothing changes: the second status, if the reply has two, and no event |
//! | `-` | 403 |
//! | `?` | 404 |
//! | `!` | 409 |
//!
//! In a request `{room}` is the path of the room, and `{own}` the last message of the actor, or else `{theirs}`: that of
//! the ordinary member `{target}`. `{outsider}` is in no room of these; the others are actors. A reply is a status and a
//! field of its body. Who hears of an event is the same for all routes: see `expected` in the parent module.

const TABLE: &str = r#"
                                                                                                                                  public   archived private  direct
                                                                                                                                  sbfmMoax sbfmMoax sbfmMoax sbfmMoax
GetRoom        | GET {room}                                         | 200 created_by    |                                         | ======== ======== ???===?? ???=????
ListMessages   | GET {room}/messages                                | 200 messages      |                                         | =-====== =-====== ???===?? ???=????
GetMessage     | GET {room}/messages/{theirs}                       | 200 seq           |                                         | =-====== =-====== ???===?? ???=????
SearchMessages | GET /v1/search?q=hello&room={id}                   | 200 hits          |                                         | =-====== =-====== ???===?? ???=????
ListMembers    | GET {room}/members                                 | 200 members       |                                         | =-====== =-====== ???===?? ???=????
ListenEvents   | GET /v1/events?room={id}                           | 200               |                                         | ---===-- ---===-- ???===?? ???=????

JoinRoom       | PUT {room}/members/me                              | 200 member        | member.joined(me)                       | +-+===++ +-+===++ ???===?? ???=????
LeaveRoom      | DELETE {room}/members/me                           | 204               | member.left(me)                         | ===++h== ===++h== ???++h?? ???!????
SetNotify      | PATCH {room}/members/me {"notify":"all"}           | 200 member        | settings.updated                        | ---+++-- ---+++-- ???+++?? ???+????
MarkRead       | PUT {room}/read {"seq":9999}                       | 200 last_read_seq | read.updated                            | ---+++-- ---+++-- ???+++?? ???+????
NotifyTyping   | POST {room}/typing                                 | 204               |                                         | ---===-- -------- ???===?? ???=????

SendMessage    | POST {room}/messages {"text":"hello"}              | 201 seq           | message.created                         | j-j+++jj -------- ???+++?? ???+????
EditMessage    | PATCH {room}/messages/{own} {"text":"hi"}          | 200 seq           | message.updated                         | ---+++-- -------- ???+++?? ???+????
EditMessage    | PATCH {room}/messages/{theirs} {"text":"hi"}       | 200 seq           | message.updated                         | -------- -------- ???---?? ???-????
DeleteMessage  | DELETE {room}/messages/{own}                       | 204               | message.updated                         | --+++++- --+++++- ???+++?? ???+????
DeleteMessage  | DELETE {room}/messages/{theirs}                    | 204               | message.updated                         | ----+++- ----+++- ???-++?? ???-????
AddReaction    | PUT {room}/messages/{theirs}/reactions/%F0%9F%91%8D | 200 reactions    | message.updated                         | ---+++-- -------- ???+++?? ???+????
RemoveReaction | DELETE {room}/messages/{theirs}/reactions/%F0%9F%91%8D | 200 reactions |                                         | ---===-- -------- ???===?? ???=????

UpdateRoom     | PATCH {room} {"topic":"changed"}                   | 200 created_by    | room.updated                            | ----+++- ----+++- ???-++?? ???!????
DeleteRoom     | DELETE {room}                                      | 204               | room.deleted                            | -----++- -----++- ???--+?? ???!????

AddMember      | PUT {room}/members/{outsider} {}                   | 201/200 role      | member.joined(them)                     | ---++++- ---++++- ???+++?? ???!????
AddMember      | PUT {room}/members/{target} {}                     | 201/200 role      | member.joined(them)                     | ---====- ---====- ???===?? ???!????
AddMember      | PUT {room}/members/{banned} {}                     | 201/200 role      | member.joined(them)                     | -------- -------- ???---?? ???!????
AddMember      | PUT {room}/members/{self} {}                       | 200 member        | member.joined(me)                       | +-+===++ +-+===++ ???===?? ???=????
SetRole        | PATCH {room}/members/{target} {"role":"moderator"} | 200 role          | member.updated                          | -----++- -----++- ???--+?? ???!????
SetRole        | PATCH {room}/members/{target} {"role":"member"}    | 200 role          | member.updated                          | -----==- -----==- ???--=?? ???!????
SetRole        | PATCH {room}/members/{owner} {"role":"member"}     | 200 role          | member.updated                          | -----!!- -----!!- ???--!?? ???!????
SetRole        | PATCH {room}/members/{outsider} {"role":"member"}  | 200 role          | member.updated                          | -----??- -----??- ???--??? ???!????
RemoveMember   | DELETE {room}/members/{target}                     | 204               | member.left(them)                       | ----+++- ----+++- ???-++?? ???!????
RemoveMember   | DELETE {room}/members/{moderator}                  | 204               | member.left(them)                       | ----+++- ----+++- ???-++?? ???!????
RemoveMember   | DELETE {room}/members/{owner}                      | 204               | member.left(them)                       | -----hh- -----hh- ???--h?? ???!????
RemoveMember   | DELETE {room}/members/{outsider}                   | 204               | member.left(them)                       | ----===- ----===- ???-==?? ???!????

ListBans       | GET {room}/bans                                    | 200 bans          |                                         | ----===- ----===- ???-==?? ???!????
BanUser        | PUT {room}/bans/{target}                           | 204               | member.left(them) ban.updated           | ----+++- ----+++- ???-++?? ???!????
BanUser        | PUT {room}/bans/{moderator}                        | 204               | member.left(them) ban.updated           | -----++- -----++- ???--+?? ???!????
BanUser        | PUT {room}/bans/{owner}                            | 204               | member.left(them) ban.updated           | ------h- ------h- ???---?? ???!????
BanUser        | PUT {room}/bans/{outsider} {"reason":"spam"}       | 204               | ban.updated                             | ----+++- ----+++- ???-++?? ???!????
BanUser        | PUT {room}/bans/{banned} {"reason":"spam"}         | 204               | ban.updated                             | ----===- ----===- ???-==?? ???!????
BanUser        | PUT {room}/bans/{admin}                            | 204               | ban.updated                             | -------- -------- ???---?? ???!????
UnbanUser      | DELETE {room}/bans/{banned}                        | 204               | ban.updated                             | ----+++- ----+++- ???-++?? ???!????
UnbanUser      | DELETE {room}/bans/{outsider}                      | 204               | ban.updated                             | ----===- ----===- ???-==?? ???!????

CreateInvite   | POST /v1/invites {"room":{id}}                     | 201 code          |                                         | -----==- -----==- ???--=?? ???!????
"#;

/// Endpoints that are not about one room.
pub(super) const ELSEWHERE: &[&str] = &[
    "GetServer",
    "Register",
    "SignIn",
    "SignOut",
    "ListSessions",
    "EndSession",
    "GetMe",
    "ChangePassword",
    "ListUsers",
    "GetUser",
    "UpdateUser",
    "ListInvites",
    "DeleteInvite",
    "ListRooms",
    "CreateRoom",
    "OpenDirectRoom",
    "ListMentions",
];

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    pub(super) target: &'static str,
    /// JSON, or empty.
    pub(super) body: &'static str,
    /// The status of a reply that follows a change, and of one that does not.
    pub(super) statuses: (u16, u16),
    /// In the body of a reply; empty if there is none.
    pub(super) field: &'static str,
    pub(super) events: Vec<&'static str>,
    /// By kind of room, then by actor.
    pub(super) outcomes: Vec<&'static str>,
}

pub(super) fn rows() -> Vec<Row> {
    TABLE.lines().filter(|line| line.contains('|')).map(parse).collect()
}

fn parse(line: &'static str) -> Row {
    let columns: Vec<_> = line.split('|').map(str::trim).collect();
    let [name, request, reply, events, outcomes] = columns[..] else { panic!("five columns: {line}") };
    let mut request = request.splitn(3, ' ');
    let (status, field) = reply.split_once(' ').unwrap_or((reply, ""));
    let (changed, unchanged) = status.split_once('/').unwrap_or((status, status));
    Row {
        name,
        method: request.next().unwrap(),
        target: request.next().unwrap(),
        body: request.next().unwrap_or_default(),
        statuses: (changed.parse().unwrap(), unchanged.parse().unwrap()),
        field: field.trim(),
        events: events.split_whitespace().collect(),
        outcomes: outcomes.split_whitespace().collect(),
    }
}
