"""MultiCheckList: behavioural tests of question answering, generated from a table of templates in 50 languages."""
