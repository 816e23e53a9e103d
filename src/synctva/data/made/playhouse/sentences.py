"""What is said in the playhouse: sentences of our own, and the settings that fill their gaps.

``{name}`` is the person who is spoken to, the other gaps belong to the setting. A plain sentence
can be said with any emotion, so that words alone do not tell it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Setting:
    """Where and about what a scene is played."""

    event: str
    place: str
    thing: str
    person: str


SETTINGS = (
    Setting("the move", "the new flat", "the sofa", "the landlord"),
    Setting("the exam", "the library", "my notebook", "the professor"),
    Setting("the wedding", "the church", "the ring", "the photographer"),
    Setting("the picnic", "the park", "the salad", "your sister"),
    Setting("the trip", "the station", "the big suitcase", "the guide"),
    Setting("the meeting", "the office", "the report", "the boss"),
    Setting("the dinner", "the kitchen", "the soup", "the neighbour"),
    Setting("the appointment", "the clinic", "the letter", "the doctor"),
    Setting("the rehearsal", "the theatre", "the costume", "the director"),
    Setting("the repair", "the garage", "the old car", "the mechanic"),
    Setting("the party", "the hall", "the cake", "my cousin"),
    Setting("the match", "the stadium", "the trophy", "the coach"),
)

PLAIN = (
    "So you talked to {person} after all.",
    "That is {thing}, over there.",
    "They said it is about {event}.",
    "{name}, look at this.",
    "You were at {place} this morning.",
    "It was {person} who called.",
    "I heard what you said, {name}.",
    "We are going to {place} now.",
    "This is what {person} gave me.",
    "And that was all about {event}.",
    "You really did it, {name}.",
    "Now it is in {place}.",
    "There is someone at the door.",
    "I have something to tell you about {event}.",
    "So this is how it ends.",
    "They changed everything again.",
)
"""Sentences for any emotion."""

COLOURED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "neutral": (
            "{event} starts at half past six.",
            "I put {thing} next to the window.",
            "{person} comes here on Mondays.",
            "You can park behind {place}.",
            "Please bring {thing} along on Friday.",
            "The key to {place} is on the hook.",
            "I usually take the bus to {place}.",
            "{person} wants to know the date of {event}.",
            "There are two copies, one for you and one for {person}.",
            "Let me write that down, {name}.",
            "{place} is on the second floor.",
            "We need about an hour for {event}.",
            "{name}, what is the number of {person}?",
            "I will send you the list this afternoon.",
        ),
        "surprise": (
            "Wait, {person} is here already?",
            "I had no idea you were at {place}!",
            "What? {event} is today?",
            "Since when do you know {person}?",
            "You carried {thing} all the way from {place}?",
            "Oh my, I did not expect that at all!",
            "Hold on, did you say {event}?",
            "No way, is that really {thing}?",
            "Really? Nobody told me about {event}!",
            "{name}, where did you suddenly come from?",
            "Wow, {person} said that?",
            "How on earth did {thing} get here?",
            "I never thought I would see you in {place}!",
            "You are joking, {event} is over already?",
        ),
        "fear": (
            "Please don't leave me alone in {place}.",
            "Did you hear that noise in {place}?",
            "I am so scared of {event}.",
            "Quick, hide {thing}, someone is coming!",
            "What if {person} finds out?",
            "I can't breathe when I think of {event}.",
            "{name}, there is somebody behind us.",
            "Don't go in there, it is dangerous.",
            "My hands are shaking, {name}.",
            "I think {person} is following me.",
            "Something terrible will happen at {event}.",
            "We have to get out of {place}, hurry!",
            "I am afraid to even touch {thing}.",
            "Please stay with me, I am frightened.",
        ),
        "sadness": (
            "I miss {person} so much.",
            "Nothing is the same since {event}.",
            "{person} is not coming back, {name}.",
            "I lost {thing} that my mother gave me.",
            "I cried all night after {event}.",
            "It hurts to walk past {place} now.",
            "I feel so alone in {place}.",
            "We will never see {person} again.",
            "I am sorry, I just can't stop crying.",
            "Nobody came to {event}.",
            "They took {thing} away, and it broke my heart.",
            "I wish I could have said goodbye to {person}.",
            "All that work, and it was for nothing.",
            "I disappointed you, {name}, I know.",
        ),
        "joy": (
            "I am so happy that you came, {name}!",
            "{event} was wonderful!",
            "We won, {name}, we actually won!",
            "I love {thing}, thank you so much!",
            "This is the best day of my life!",
            "{person} said yes, isn't that great?",
            "I can't wait for {event}!",
            "You look fantastic, {name}!",
            "Let's celebrate at {place} tonight!",
            "It is so good to see {person} again!",
            "Ha, that was the funniest thing in {place}!",
            "{thing} turned out perfect!",
            "Hooray, {event} is going to happen!",
            "I have the most beautiful news, {name}!",
        ),
        "disgust": (
            "Yuck, what is that smell in {place}?",
            "There is something slimy on {thing}.",
            "I am not touching that, it is filthy.",
            "Ew, {person} put his fingers in it.",
            "The whole of {place} stinks of old fish.",
            "That is revolting, take it away.",
            "It makes me sick to look at {thing}.",
            "There was a hair in my food at {event}.",
            "{person} never washes, it is gross.",
            "How can anyone eat that, {name}?",
            "Mould was growing all over {thing}.",
            "I nearly threw up in {place}.",
            "Ugh, the floor is sticky and full of crumbs.",
            "What {person} did there was disgusting.",
        ),
        "anger": (
            "How dare you touch {thing}!",
            "I told you to stay out of {place}!",
            "{name}, you lied to me again!",
            "That is enough, get out of {place}!",
            "I am furious about {event}!",
            "{person} has no right to do that!",
            "Stop blaming me for {event}!",
            "You ruined {thing}, are you proud of it?",
            "Don't you ever talk to {person} like that!",
            "I am sick of your excuses, {name}!",
            "Who do you think you are?",
            "You never listen to a word I say!",
            "I hate how {person} treats us!",
            "Shut the door and leave me in peace!",
        ),
    }
)
"""Emotion -> sentences that speak of it."""
