"""How long OpenVidu's clients and server bear with a broken WebSocket, and what they say.

Media goes straight between a browser and its media node, so a call outlives the WebSocket that
it was arranged over. Sources, all of OpenVidu 2.30.0:

- openvidu-browser, `webSocketWithReconnection.js`: a socket that breaks is opened again at once,
  with `reconnect=true`, and then every 3 s, without an end; `OpenVidu.ts`, `startWs`: pings, their
  answers, requests, and `reconnectWebsocketThroughRpcConnectMethod`: `connect` with the id of the
  JSON-RPC session resumes it, error 40007 says that the user is no longer there.
- kurento-jsonrpc-server, which OpenVidu Server embeds, `ServerSession` (10 s until a session
  without a socket is closed), `PingWatchdogManager` (3 pings), `ProtocolManager`; OpenVidu Server's
  `RpcHandler.afterConnectionClosed` then evicts the user with `networkDisconnect`.
- OpenVidu Server 2.30.0 itself, watched: the same 10 s for a socket that is closed in whatever
  way without `leaveRoom`, with code 1000, 1001 or 4102, or without a goodbye.
- Documentation, "Automatic reconnection": reconnected within 7 s nothing is lost, after 12 s the
  user is out; "roughly".
"""

from __future__ import annotations

PING_SECONDS = 5.0
"""Between a client's pings: `heartbeat`."""
PONG_SECONDS = 5.0
"""For the answer to a ping; without one the socket counts as broken: `heartbeatRequestTimeout`."""
ANSWER_SECONDS = 10.0
"""For the answer to any other request: `requestTimeout`."""
RETRY_SECONDS = 3.0
"""From a try to reconnect that failed to the next one: `RETRY_TIME_MS`."""
AWAY_SECONDS = 10.0
"""A user without a socket stays in the session for so long: `ws.sessionReconnectionTime`."""
LINGER_SECONDS = 10.0
"""After `leaveRoom` or an eviction the server closes a socket that the client hasn't closed."""
MISSED_PINGS = 3
"""After so many intervals without a ping the server closes a socket: `NUM_NO_PINGS_TO_CLOSE`."""
SILENCE_REASON = "Close for not receive ping from client"
RECONNECTED = "reconnection successful"
NO_MEDIA_NODE = 204
"""The code of the answer to `joinRoom` where no media server can be reached."""
UNKNOWN_SESSION = (40007, "reconnection error")
NOT_CONNECTED = (803, "No connection found: joinRoom has to be first. Code: 803")
"""To any request before `joinRoom` or `connect`: `TRANSPORT_ERROR_CODE`."""
