/** What the server tells of the connection, by the type of event; every other type is an application's. */
export const CONTROL_EVENTS = {
  hello: "The server has subscribed this page. After a break it resumes from this id.",
  gap: "Events of these streams are missing: the server no longer keeps them.",
  reset: "The server does not know the id of this page. It may have been restarted.",
  ended: "These streams have ended, and all of their events have arrived. Nothing more follows.",
  goaway: "The server ends this connection, and says when to reconnect.",
  cursor: "This page has every event that it asked for, up to this id.",
  heartbeat: "The connection is alive. The page has asked for heartbeats that it can see.",
  expired: "The permission to read this stream has expired, so the connection ends.",
};
