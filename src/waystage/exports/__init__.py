"""A finished run in the forms that others read: submissions, model cards, tables, models. No torch but at one door."""
